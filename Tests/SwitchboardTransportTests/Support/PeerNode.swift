import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import SwitchboardCore
import SwitchboardProtocol
import SwitchboardTransport

/// One node's peer links on a free port, with all that it heard.
final class PeerNode: Sendable {
    enum Heard: Equatable {
        case up(String)
        case down(String, isGone: Bool)
        case probed(String, isGone: Bool)
        case overflowed(String)
    }

    let service: PeerLinkService
    /// A thread of its own, as in a process of its own.
    private let group: MultiThreadedEventLoopGroup
    let incarnation: Incarnation
    let port: Int
    private let heardBox: NIOLockedValueBox<(events: [Heard], frames: [Incarnation: [[PeerPeerFrame]]])>

    private init(
        service: PeerLinkService, group: MultiThreadedEventLoopGroup, incarnation: Incarnation, port: Int,
        heard: NIOLockedValueBox<(events: [Heard], frames: [Incarnation: [[PeerPeerFrame]]])>
    ) {
        self.service = service
        self.group = group
        self.incarnation = incarnation
        self.port = port
        heardBox = heard
    }

    static let secret = PeerSecurity.secret(Array("correct horse".utf8))

    static func start(
        _ name: String, port: Int = 0, cluster: String = "test", security: PeerSecurity = secret,
        _ configure: (inout PeerLinkLimits) -> Void = { _ in }
    ) async throws -> PeerNode {
        let incarnation = Incarnation(trusted: name)
        var configuration = PeerLinkConfiguration(
            incarnation: incarnation, cluster: cluster, port: port, security: security)
        configure(&configuration.limits)
        let heard = NIOLockedValueBox<(events: [Heard], frames: [Incarnation: [[PeerPeerFrame]]])>(([], [:]))
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let service = PeerLinkService(
            configuration: configuration, eventLoop: group.next(),
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        let address = try await service.start { event in
            heard.withLockedValue { heard in
                switch event {
                case .up(let peer): heard.events.append(.up(peer.text))
                case .down(let peer, let isGone): heard.events.append(.down(peer.text, isGone: isGone))
                case .probed(let peer, let isGone): heard.events.append(.probed(peer.text, isGone: isGone))
                case .overflowed(let peer): heard.events.append(.overflowed(peer.text))
                case .received(let frames, let peer): heard.frames[peer, default: []].append(frames)
                }
            }
        }
        return PeerNode(service: service, group: group, incarnation: incarnation, port: address.port, heard: heard)
    }

    func stop() async {
        await service.shutdown()
        try? await group.shutdownGracefully()
    }

    var heard: [Heard] { heardBox.withLockedValue { $0.events } }

    /// One element for each `.received`.
    func batches(from peer: PeerNode) -> [[PeerPeerFrame]] {
        heardBox.withLockedValue { $0.frames[peer.incarnation] ?? [] }
    }

    func frames(from peer: PeerNode) -> [PeerPeerFrame] { batches(from: peer).flatMap { $0 } }

    func isLinked(with peer: PeerNode) -> Bool { isLinked(with: peer.incarnation) }

    func isLinked(with peer: Incarnation) -> Bool {
        heard.reduce(false) { isUp, event in
            switch event {
            case .up(peer.text): true
            case .down(peer.text, _): false
            default: isUp
            }
        }
    }

    var address: PeerAddress { PeerAddress(host: "127.0.0.1", port: port) }

    func setPeers(_ peers: PeerNode...) {
        service.setPeers(Dictionary(uniqueKeysWithValues: peers.map { ($0.incarnation, $0.address) }))
    }
}

extension PeerPeerFrame {
    static func nudge(_ number: Int) -> PeerPeerFrame {
        var frame = PeerPeerFrame()
        frame.nudge.conversation = "\(number)"
        return frame
    }

    /// Of a kind that may be dropped.
    static func forward(_ number: Int, bytes: Int = 0) -> PeerPeerFrame {
        var frame = PeerPeerFrame()
        frame.forward.number = UInt32(number)
        frame.forward.conversation = String(repeating: "x", count: bytes)
        return frame
    }
}
