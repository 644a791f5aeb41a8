import SwiftProtobuf
import SwitchboardProtocol
import SwitchboardTestKit
import Testing

@testable import SwitchboardCore

@Suite struct IceServersTests {
    private struct Numbered: IceServerSource {
        var timeToLive: Duration?
        func iceServers(for user: UserID, wallMilliseconds: Double) -> MintedIceServers {
            MintedIceServers(servers: [WireIceServer.with { $0.username = user.text }], timeToLive: timeToLive)
        }
    }

    private static func node(_ timeToLive: Duration?) -> NodeUnderTest {
        var node = NodeUnderTest { $0.iceServerSource = Numbered(timeToLive: timeToLive) }
        node.hello("alice", 1)
        return node
    }

    private static func said(_ node: NodeUnderTest) -> [WireIceServers] {
        node.frames.compactMap { if case .iceServers(let servers)? = $0.frame { servers } else { nil } }
    }

    @Test func welcomeHoldsTheUsersOwn() throws {
        let welcome = try #require(Self.node(.seconds(3600)).frames.first).welcome
        #expect(welcome.iceServers.map(\.username) == ["alice"])
        #expect(welcome.iceServersTtlMs == 3_600_000)
    }

    @Test func theyAreRenewedWhenHalfOfTheirTimeIsOver() {
        var node = Self.node(.seconds(100))
        node.tick(.seconds(49))
        #expect(Self.said(node).isEmpty)
        node.tick(.seconds(1))
        #expect(Self.said(node).map(\.ttlMs) == [100_000])
        node.tick(.seconds(50))
        #expect(Self.said(node).count == 1)
    }

    @Test func theyAreThereForTheAsking() {
        var node = Self.node(.seconds(100))
        let ask = NodeEvent.frameReceived(
            ConnectionID(1), WireClientFrame.with { $0.iceServers = WireIceServersRequest() })
        node.tick(.seconds(2))
        node.handle(ask)
        // Young ones are said again, with what is left of their time.
        #expect(Self.said(node).map(\.ttlMs) == [98_000])
        node.tick(.seconds(10))
        node.handle(ask)
        #expect(Self.said(node).map(\.ttlMs) == [100_000])
    }

    @Test func thoseThatDoNotExpireAreNotRenewed() {
        var node = Self.node(nil)
        node.tick(.seconds(7200))
        #expect(Self.said(node).isEmpty)
    }

    @Test func aDeviceThatRingsHasFreshOnes() throws {
        var node = Self.node(.seconds(1000))
        node.now += .seconds(61)
        let push = PeerPeerFrame.with {
            $0.push.conversation = NodeUnderTest.call.description
            $0.push.connection = "c1"
            $0.push.epoch = 1
            $0.push.user = "alice"
            $0.push.device = "d1"
            $0.push.frames = [
                WireServerFrame.with {
                    $0.deliver.conversation = NodeUnderTest.call.description
                    $0.deliver.number = 1
                    $0.deliver.message = .invite("alice")
                }
            ]
        }
        node.handle(.peer(.received([push], from: NodeUnderTest.other)))
        let kinds = node.frames.map { frame in
            switch frame.frame {
            case .iceServers: "iceServers"
            case .deliver: "deliver"
            default: "?"
            }
        }
        #expect(kinds.prefix(2) == ["iceServers", "deliver"])
    }
}
