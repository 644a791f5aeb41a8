import SwiftProtobuf
import SwitchboardProtocol
import SwitchboardTestKit
import Testing

@testable import SwitchboardCore

@Suite struct FrontTests {
    /// A caller whose invite went to another node.
    private func callerOfRemoteLeader() -> NodeUnderTest {
        var node = NodeUnderTest()
        node.hello("alice", 1)
        node.send(1, (1, .invite("bob")), (2, .description("offer")))
        node.answerPolicy()
        node.answerCoordinator(.leads(NodeUnderTest.other, version: 3))
        return node
    }

    @Test func helloIsAnsweredAtOnce() throws {
        var node = NodeUnderTest()
        node.hello("alice", 1)
        let welcome = try #require(node.frames.first).welcome
        #expect(welcome.user == "alice")
        #expect(welcome.node == "a")
        #expect(welcome.limits.maxMessageBytes == 65_536)
    }

    @Test func sendsAndTheAttachGoToTheLeader() {
        let node = callerOfRemoteLeader()
        let kinds = node.peerFrames.map { frame in
            switch frame.frame {
            case .forward(let forward): "forward \(forward.number)"
            case .attach(let attach): "attach \(attach.hasCursor_p) \(attach.received)"
            default: "?"
            }
        }
        #expect(kinds == ["forward 1", "attach true 0", "forward 2"])
    }

    /// The invite died with a leader: nobody can know the call, and its caller must not give it up.
    @Test func aCallerIsAskedForHisInviteAgain() {
        var node = callerOfRemoteLeader()
        node.attachedAnswer(from: NodeUnderTest.other) { $0.unknown = true }
        #expect(node.errors == ["leader_unavailable 1"])
        // It comes again, and the attach with it.
        node.send(1, (1, .invite("bob")))
        #expect(node.peerFrames.count == 2)
    }

    /// The answer of a node that was asked before the one that leads now.
    @Test func anUnknownFromAFormerLeaderIsIgnored() {
        var node = callerOfRemoteLeader()
        node.attachedAnswer(from: NodeUnderTest.third) { $0.unknown = true }
        #expect(node.errors == [])
    }

    @Test func othersAreToldThatACallIsUnknown() {
        var node = NodeUnderTest()
        node.hello("bob", 1)
        node.send(1, (1, .ringing))
        node.answerCoordinator(.absent)
        node.answerStore(.loaded(nil)) { $0.isLoad }
        #expect(node.errors.first == "not_found 1")
    }

    /// Its invite was held back by an error, and the client has sent on before it heard of that.
    @Test func aLaterSendOfACallerDoesNotMakeHisCallUnknown() {
        var node = NodeUnderTest()
        node.hello("alice", 1)
        node.send(1, (1, .invite("bob")))
        node.answerPolicy()
        node.answerCoordinator(.unavailable(reason: "test"))
        #expect(node.errors == ["coordinator_unavailable 1"])
        node.send(1, (2, .description("offer")))
        node.tick(.milliseconds(250))
        node.answerCoordinator(.absent)
        node.answerStore(.loaded(nil)) { $0.isLoad }
        #expect(node.errors == ["leader_unavailable 1"])
    }

    @Test func whatWasLostOnTheWayIsAskedForAgain() {
        var node = callerOfRemoteLeader()
        // The link broke and came back: everything is attached anew.
        node.handle(.peer(.up(NodeUnderTest.other)))
        node.attachedAnswer(from: NodeUnderTest.other) {
            $0.epoch = 4
            $0.accepted = 1
        }
        #expect(node.errors == ["leader_unavailable 2"])
    }

    @Test func alsoIfTheCallHasEnded() {
        var node = callerOfRemoteLeader()
        // The link broke and came back: everything is attached anew.
        node.handle(.peer(.up(NodeUnderTest.other)))
        node.attachedAnswer(from: NodeUnderTest.other) {
            $0.epoch = 4
            $0.accepted = 1
            $0.ended = true
        }
        #expect(node.errors == ["leader_unavailable 2"])
    }

    /// A leader that cannot take anything yet has no epoch either.
    @Test func temporaryErrorsPassWhateverTheEpoch() {
        var node = callerOfRemoteLeader()
        node.attachedAnswer(from: NodeUnderTest.other) {
            $0.epoch = 4
            $0.accepted = 2
        }
        let push = PeerPeerFrame.with {
            $0.push.conversation = NodeUnderTest.call.description
            $0.push.connection = "c1"
            $0.push.user = "alice"
            $0.push.device = "d1"
            $0.push.frames = [
                .error(.storeUnavailable, NodeUnderTest.call, number: 3),
                .error(.numberReused, NodeUnderTest.call, number: 3),
                .accepted(NodeUnderTest.call, number: 9, epoch: 0),
            ]
        }
        node.handle(.peer(.received([push], from: NodeUnderTest.other)))
        #expect(node.errors == ["store_unavailable 3"])
        #expect(node.frames.count == 1)
    }

    @Test func aHoleInTheNumbersIsFilledFromTheLeader() {
        var node = callerOfRemoteLeader()
        let push = PeerPeerFrame.with {
            $0.push.conversation = NodeUnderTest.call.description
            $0.push.connection = "c1"
            $0.push.user = "alice"
            $0.push.device = "d1"
            $0.push.epoch = 1
            $0.push.frames = [
                WireServerFrame.with {
                    $0.deliver.conversation = NodeUnderTest.call.description
                    $0.deliver.number = 2
                }
            ]
        }
        node.handle(.peer(.received([push], from: NodeUnderTest.other)))
        #expect(node.frames.isEmpty)
        #expect(node.peerFrames.count == 1)
        #expect(node.peerFrames.first?.attach.received == 0)
    }

    /// The policy is asked about who sends the invite, not about who spoke first.
    @Test func thePolicyJudgesTheCaller() throws {
        var node = NodeUnderTest()
        node.hello("mallory", 2)
        node.hello("alice", 1)
        node.send(2, (5, .info("first")))
        node.send(1, (1, .invite("bob")))
        node.tick(.zero)
        node.handle(.coordinator(.completed(CoordinatorRequestID(0), .done)))
        // The read that mallory caused says that there is none; the invite opens it.
        for id in UInt64(1)...9 {
            node.handle(.coordinator(.completed(CoordinatorRequestID(id), .absent)))
            for case .askPolicy(let call, _) in node.actions {
                #expect(call.caller.text == "alice")
                return
            }
        }
        Issue.record("the policy was not asked")
    }

    @Test func thePolicyHearsWhatTheNewestTokenSays() throws {
        func asked(_ node: NodeUnderTest) -> ProposedCall? {
            for case .askPolicy(let call, _) in node.actions { return call }
            return nil
        }
        var node = NodeUnderTest()
        node.hello("alice", 1, mayCall: CallPermission(["bob"]))
        node.send(1, (1, .invite("bob")))
        #expect(try #require(asked(node)).mayCall == CallPermission(["bob"]))

        for newest in [CallPermission.nobody, nil] {
            node = NodeUnderTest()
            node.hello("alice", 1, mayCall: CallPermission(["bob"]))
            node.handle(
                .tokenRefreshed(
                    ConnectionID(1),
                    VerifiedToken(user: UserID(trusted: "alice"), expiresAtMilliseconds: nil, mayCall: newest)))
            node.send(1, (1, .invite("bob")))
            #expect(try #require(asked(node)).mayCall == newest)
            for case .askPolicy(_, let id) in node.actions { node.handle(.policyAnswered(id, .refused)) }
            // Refused or not, the call gets a leader: its end is committed like any other.
            #expect(node.errors == [])
            #expect(node.actions.contains { if case .coordinate(.create, _) = $0 { true } else { false } })
        }
    }

    @Test func aNewerConnectionOfADeviceReplacesTheOlder() {
        var node = NodeUnderTest()
        node.hello("alice", 1)
        let supersede = PeerPeerFrame.with {
            $0.supersede.user = "alice"
            $0.supersede.device = "d1"
            $0.supersede.counter = 2
        }
        node.handle(.peer(.received([supersede], from: NodeUnderTest.other)))
        guard case .closeConnection(ConnectionID(1), .replaced, .replaced)? = node.actions.first else {
            Issue.record("it was not closed: \(node.actions)")
            return
        }
    }
}

@Suite struct NodeTimersTests {
    /// Every loss of a node asks for a scan out of turn; the rhythm of scans stays the same.
    @Test func scansDoNotMultiply() {
        var node = NodeUnderTest()
        let me = node.core.configuration.incarnation
        let member = NodeMember(
            address: PeerAddress(host: "h", port: 1), datacenter: "x", featureLevel: 1, software: "s")
        for _ in 0..<5 {
            node.handle(.coordinator(.membersChanged([me: member, NodeUnderTest.other: member])))
            node.handle(.coordinator(.membersChanged([me: member])))
            node.tick(.milliseconds(600))
            node.answerStore(.orphans([])) { _ in true }
        }
        var scans = 0
        for _ in 0..<300 {
            node.tick(.milliseconds(100))
            scans += node.scans
            for case .store(.scanOrphans, let id) in node.actions {
                node.handle(.store(.completed(id, .orphans([]))))
            }
        }
        #expect(scans == 6)  // 30 s, one in 5 s
    }

    /// Others delete the presence of a node that was not registered for a while.
    @Test func aNodeThatIsRegisteredAgainAnnouncesItsDevicesAgain() {
        var node = NodeUnderTest()
        node.hello("alice", 1)
        node.answerStore(.announced([:])) { if case .announce = $0 { true } else { false } }
        node.handle(.coordinator(.availability(false)))
        node.handle(.coordinator(.availability(true)))
        let announced = node.actions.contains { if case .store(.announce, _) = $0 { true } else { false } }
        #expect(announced)
    }

    /// A client that is gone leaves no half-begun conversation behind.
    @Test func anElectionThatNothingCameOfIsForgotten() {
        var node = NodeUnderTest()
        node.hello("alice", 1)
        node.send(1, (1, .invite("bob")))
        node.answerPolicy()
        let create = node.actions
        node.handle(.connectionClosed(ConnectionID(1)))
        for case .coordinate(.create, let id) in create {
            node.handle(.coordinator(.completed(id, .won(version: 0))))
        }
        #expect(node.core.figures.leaderships == 1)
        var deleted = 0
        for _ in 0..<140 {
            node.tick(.milliseconds(500))
            deleted += node.coordinated.count { $0 == "delete" }
        }
        #expect(node.core.figures.leaderships == 0)
        #expect(deleted == 1)
    }
}
