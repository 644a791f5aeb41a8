import SwiftProtobuf
import SwitchboardProtocol
import SwitchboardTestKit
import Testing

@testable import SwitchboardCore

/// Commands of other calls and answers of push providers, on their way to a call's leader.
@Suite struct CarryingTests {
    private static let push = NodeEvent.pushAnswered(NodeUnderTest.call, PushEndpointID("e1"), taken: true)

    /// A node that leads alice's call, whose first entry is on its way; the entry.
    private static func leader(_ configure: (inout NodeConfiguration) -> Void = { _ in }) throws
        -> (NodeUnderTest, LogAppend)
    {
        var node = NodeUnderTest(configure)
        node.hello("alice", 1)
        node.send(1, (1, .invite("bob")))
        node.answerPolicy()
        node.answerCoordinator(.won(version: 0))
        return (node, try #require(appends(node).first))
    }

    private static func appends(_ node: NodeUnderTest) -> [LogAppend] {
        node.actions.flatMap { action -> [LogAppend] in
            guard case .store(.commit(let batch), _) = action else { return [] }
            return batch.appends
        }
    }

    private static func committed(_ pushes: Int = 0) -> StoreResult {
        .committed(
            StoreBatchResult(appends: [.committed(LogDay(1))], pushes: pushes > 0 ? [NodeUnderTest.call: pushes] : [:]))
    }

    @Test func whatComesForAnotherLeaderGoesThere() {
        var node = NodeUnderTest()
        node.handle(Self.push)
        #expect(node.coordinated == ["read"])
        node.answerCoordinator(.leads(NodeUnderTest.other, version: 3))
        #expect(node.peerFrames.map(\.pushAnswer.endpoint) == ["e1"])
        #expect(node.core.figures.routes == 0)
    }

    @Test func theLeaderWritesIt() throws {
        var (node, _) = try Self.leader()
        node.answerStore(Self.committed(1), where: \.isCommit)
        #expect(node.actions.contains { if case .dispatchPushes = $0 { true } else { false } })
        node.handle(Self.push)
        let entry = try #require(Self.appends(node).first).entry
        #expect(entry.facts.map(\.notified.endpoint) == ["e1"])
    }

    @Test func aBlockedOpeningIsDecidedAgainAndTheOlderCallIsTold() throws {
        var (node, first) = try Self.leader()
        guard case .take? = first.pair else {
            Issue.record("the row is not asked for")
            return
        }
        let older = ConversationID(high: 1, low: 1)
        let holder = PairHolder(
            conversation: older, caller: UserID(trusted: "alice"), media: PairMedia(audio: true, video: true),
            isAccepted: false)
        node.answerStore(
            .committed(StoreBatchResult(appends: [.blocked(holder)])), where: \.isCommit)
        #expect(node.frames.isEmpty)
        let second = try #require(Self.appends(node).first)
        #expect(second.index == 1)
        #expect(second.command == EndCommand(conversation: older, reason: .cancelled))
        // The command is carried once its row is committed, and not before.
        #expect(node.coordinated == [])
        node.answerStore(Self.committed(), where: \.isCommit)
        #expect(node.coordinated == ["read"])
        node.answerCoordinator(.leads(NodeUnderTest.third, version: 1))
        #expect(node.peerFrames.map(\.endCommand.conversation) == [older.description])
    }

    @Test func aCommandThatGotLostIsFoundByTheScan() {
        var node = NodeUnderTest()
        node.tick(.seconds(5))
        let orphan = Orphan(
            conversation: NodeUnderTest.call, leader: NodeUnderTest.other, command: .replaced)
        node.answerStore(.orphans([orphan])) { if case .scanOrphans = $0 { true } else { false } }
        #expect(node.coordinated == ["read"])
        node.answerCoordinator(.leads(NodeUnderTest.other, version: 1))
        #expect(node.peerFrames.map(\.endCommand.reason) == ["replaced"])
    }

    @Test func theVerdictTravelsWithTheInvite() {
        var node = NodeUnderTest()
        node.hello("alice", 1)
        node.send(1, (1, .invite("bob")), (2, .description("offer")))
        for case .askPolicy(_, let id) in node.actions { node.handle(.policyAnswered(id, .silent)) }
        node.answerCoordinator(.leads(NodeUnderTest.other, version: 3))
        let forwards = node.peerFrames.compactMap { frame -> String? in
            if case .forward(let forward)? = frame.frame { forward.verdict } else { nil }
        }
        #expect(forwards == ["silent", ""])
    }

    @Test func entriesAreWrittenAtTheClustersLevel() throws {
        let (_, before) = try Self.leader()
        #expect(before.entry.level == 1)
        var leader = try Self.leader().0
        leader.tick(.seconds(11))
        leader.answerStore(.featureLevel(2)) { if case .readFeatureLevel = $0 { true } else { false } }
        leader.hello("carol", 2)
        leader.handle(
            .frameReceived(
                ConnectionID(2),
                WireClientFrame.with {
                    $0.send.conversation = ConversationID(high: 9, low: 9).description
                    $0.send.number = 1
                    $0.send.message = .invite("dave")
                }))
        leader.answerPolicy()
        leader.answerCoordinator(.won(version: 0))
        #expect(Self.appends(leader).map(\.entry.level) == [2])
    }

    /// Picking up the winner of a glare before it has rung here: its offer is needed, and a snapshot holds none.
    @Test func whoBeginsWithAnAcceptGetsAllFromTheFirst() {
        var node = NodeUnderTest()
        node.hello("bob", 1)
        node.send(1, (1, .accept))
        node.answerCoordinator(.leads(NodeUnderTest.other, version: 3))
        let attach = node.peerFrames.compactMap { frame -> Bool? in
            if case .attach(let attach)? = frame.frame { attach.hasCursor_p } else { nil }
        }
        #expect(attach == [true])
    }
}
