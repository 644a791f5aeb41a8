import SwiftProtobuf
import SwitchboardProtocol
import SwitchboardTestKit
import Testing

@testable import SwitchboardCore

/// The policy judges an invite by what that invite says. Nobody gets another one in under the same conversation id.
@Suite struct JudgingTests {
    /// Whom the policy was asked about in the last turn, and under which id.
    private func asked(_ node: NodeUnderTest) -> [(callee: String, id: PolicyRequestID)] {
        node.actions.compactMap { if case .askPolicy(let call, let id) = $0 { (call.callee, id) } else { nil } }
    }

    private func forwards(_ node: NodeUnderTest) -> [String] {
        node.peerFrames.compactMap { frame in
            guard case .forward(let forward)? = frame.frame else { return nil }
            let callee = if case .invite(let invite) = forward.message.content { invite.callee } else { "-" }
            return "\(forward.number) \(callee) \(forward.verdict)"
        }
    }

    @Test func anInviteIsNotAllowedBecauseAnotherOneWas() throws {
        var node = NodeUnderTest()
        node.hello("alice", 1)
        node.hello("alice", 2)
        node.send(1, (1, .invite("bob")))
        let bob = try #require(asked(node).first)
        node.send(2, (1, .invite("victim")))
        node.handle(.connectionClosed(ConnectionID(1)))
        node.handle(.policyAnswered(bob.id, .allowed))
        #expect(node.coordinated == [])
        let victim = try #require(asked(node).first)
        #expect(victim.callee == "victim")
        node.handle(.policyAnswered(victim.id, .refused))
        node.answerCoordinator(.leads(NodeUnderTest.other, version: 3))
        #expect(forwards(node) == ["1 victim refused"])
    }

    /// Both go to the leader, each with its own verdict.
    @Test func eachInviteHasItsOwnVerdict() throws {
        var node = NodeUnderTest()
        node.hello("alice", 1)
        node.hello("alice", 2)
        node.send(1, (1, .invite("bob")), (2, .description("offer")))
        let bob = try #require(asked(node).first)
        node.send(2, (1, .invite("victim")), (2, .description("offer")))
        node.handle(.policyAnswered(bob.id, .allowed))
        node.answerCoordinator(.leads(NodeUnderTest.other, version: 3))
        #expect(forwards(node) == ["1 bob allowed", "2 - "])
        let victim = try #require(asked(node).first)
        node.handle(.policyAnswered(victim.id, .refused))
        #expect(forwards(node) == ["1 victim refused", "2 - "])
    }

    /// An election that nothing came of: the node leads a conversation that has no invite yet.
    @Test func anInviteToAKnownLeaderIsJudgedToo() throws {
        var node = NodeUnderTest()
        node.hello("alice", 1)
        node.hello("alice", 2)
        node.send(1, (1, .invite("bob")))
        node.answerPolicy()
        let create = node.actions
        node.handle(.connectionClosed(ConnectionID(1)))
        for case .coordinate(.create, let id) in create {
            node.handle(.coordinator(.completed(id, .won(version: 0))))
        }
        #expect(node.core.figures.leaderships == 1)
        node.send(2, (1, .invite("victim")), (2, .description("offer")))
        let victim = try #require(asked(node).first)
        #expect(victim.callee == "victim")
        #expect(!node.actions.contains { if case .store(.commit, _) = $0 { true } else { false } })
        node.handle(.policyAnswered(victim.id, .refused))
        let entry = try #require(appends(node).first).entry
        #expect(entry.facts.map(\.closed.reason).contains("not_allowed"))
    }

    /// Another connection's sends do not wait for it, what comes behind the invite does, and it is asked once.
    @Test func onlyWhatComesBehindTheInviteWaits() throws {
        var node = NodeUnderTest()
        node.hello("bob", 2)
        node.hello("alice", 1)
        node.send(2, (1, .ringing))
        node.answerCoordinator(.leads(NodeUnderTest.other, version: 3))
        node.send(1, (1, .invite("bob")))
        let bob = try #require(asked(node).first)
        #expect(forwards(node) == [])
        node.send(1, (2, .description("offer")))
        #expect(forwards(node) == [])
        #expect(asked(node).isEmpty)
        node.send(1, (1, .invite("bob")))
        #expect(asked(node).isEmpty)
        node.send(2, (2, .info("me")))
        #expect(forwards(node) == ["2 - "])
        node.handle(.policyAnswered(bob.id, .allowed))
        #expect(forwards(node) == ["1 bob allowed", "2 - ", "1 bob allowed"])
        // The same invite again is not asked about again.
        node.send(1, (1, .invite("bob")))
        #expect(forwards(node) == ["1 bob allowed"])
    }

    /// Rights that were taken away count for an invite that comes later, though one like it was allowed.
    @Test func otherRightsAreJudgedAnew() throws {
        var node = NodeUnderTest()
        node.hello("alice", 1, mayCall: .everyone)
        node.send(1, (1, .invite("bob")))
        node.answerPolicy()
        node.answerCoordinator(.leads(NodeUnderTest.other, version: 3))
        #expect(forwards(node) == ["1 bob allowed"])
        node.handle(
            .tokenRefreshed(
                ConnectionID(1),
                VerifiedToken(user: UserID(trusted: "alice"), expiresAtMilliseconds: nil, mayCall: .nobody)))
        node.send(1, (1, .invite("bob")))
        #expect(forwards(node) == [])
        #expect(asked(node).map(\.callee) == ["bob"])
    }

    /// The leader moves while the policy thinks: nothing is lost, and nothing goes without a verdict.
    @Test func theLeaderMayMoveMeanwhile() throws {
        var node = NodeUnderTest()
        node.hello("bob", 2)
        node.hello("alice", 1)
        node.send(2, (1, .ringing))
        node.answerCoordinator(.leads(NodeUnderTest.other, version: 3))
        node.send(1, (1, .invite("bob")))
        let bob = try #require(asked(node).first)
        let redirect = PeerPeerFrame.with { $0.redirect.conversation = NodeUnderTest.call.description }
        node.handle(.peer(.received([redirect], from: NodeUnderTest.other)))
        node.handle(.policyAnswered(bob.id, .allowed))
        node.tick(.milliseconds(25))
        #expect(asked(node).isEmpty)
        node.answerCoordinator(.leads(NodeUnderTest.third, version: 4))
        #expect(forwards(node).filter { $0.contains("bob") } == ["1 bob allowed"])
    }

    private func appends(_ node: NodeUnderTest) -> [LogAppend] {
        node.actions.flatMap { action -> [LogAppend] in
            if case .store(.commit(let batch), _) = action { batch.appends } else { [] }
        }
    }
}
