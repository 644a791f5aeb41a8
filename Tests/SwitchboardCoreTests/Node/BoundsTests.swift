import SwiftProtobuf
import SwitchboardProtocol
import Testing

@testable import SwitchboardCore
@testable import SwitchboardTestKit

/// What a node does when a conversation asks for more than it may have, or for a newer node.
@Suite struct BoundsTests {
    /// A node that was elected for the call of its client.
    private func leader(_ configure: (inout NodeConfiguration) -> Void = { _ in }) -> NodeUnderTest {
        var node = NodeUnderTest(configure)
        node.hello("alice", 1)
        node.send(1, (1, .invite("bob")))
        node.answerPolicy()
        node.answerCoordinator(.won(version: 0))
        return node
    }

    @Test func sendsBeyondTheMinutesBoundWaitForTheNextMinute() {
        var node = leader { $0.leadership.maximumSendsPerMinute = 3 }
        node.send(1, (2, .ringing), (3, .ringing), (4, .ringing), (5, .ringing))
        #expect(node.errors == ["overloaded 4", "overloaded 5"])
        node.send(1, (4, .cancel))
        #expect(node.errors == [], "what ends the call is taken always")
        node.tick(.seconds(61))
        node.send(1, (4, .ringing))
        #expect(node.errors == [])
    }

    /// The coordinator names this node as the leader of a call whose log was written at level 9.
    private func loadLogOfLevel9(_ node: inout NodeUnderTest) {
        node.hello("alice", 1, naming: [WireCursor.with { $0.conversation = NodeUnderTest.call.description }])
        node.answerCoordinator(.leads(node.core.configuration.incarnation, version: 5))
        let row = ConversationRow(
            caller: UserID(trusted: "alice"), callee: nil, leader: NodeUnderTest.other, epoch: 1, isEnded: false,
            deadline: nil)
        let entry = StoredEntry(
            index: 1, id: AppendID(incarnation: NodeUnderTest.other, counter: 1),
            entry: LogEntry.with { $0.level = 9 }, age: .zero)
        node.answerStore(.loaded(StoredLog(born: LogDay(1), row: row, entries: [entry]))) { $0.isLoad }
    }

    @Test func aLogOfANewerLevelGoesToANodeThatHasIt() throws {
        var node = NodeUnderTest()
        let member = NodeMember(
            address: PeerAddress(host: "h", port: 1), datacenter: "x", featureLevel: 9, software: "s")
        node.handle(
            .coordinator(
                .membersChanged([node.core.configuration.incarnation: member, NodeUnderTest.other: member])))
        loadLogOfLevel9(&node)
        let claims = node.actions.compactMap { action -> String? in
            guard case .coordinate(.claim(_, let leader, let version), _) = action else { return nil }
            return "\(leader) \(version)"
        }
        #expect(claims == ["b.1 5"])
        #expect(node.core.figures.leaderships == 0)
    }

    @Test func aLogThatNoNodeCanFoldIsTriedAgainAfterAWhileOnly() throws {
        var node = NodeUnderTest()
        loadLogOfLevel9(&node)
        #expect(!node.coordinated.contains("claim"))
        node.tick(.seconds(9))
        #expect(!node.coordinated.contains("read"))
        node.tick(.seconds(2))
        #expect(node.coordinated.contains("read"))
    }

    @Test func bytesThatNobodyAcknowledgesAreBounded() throws {
        var call = CallUnderTest()
        call.limits.maximumPendingBytes = 3000
        try call.send(.phone, .invite("bob"))
        try call.send(.laptop, .ringing, .accept)
        var replies: [ConversationReply] = []
        for _ in 0..<3 {
            replies = try call.send(.laptop, .info(String(repeating: "x", count: 1000)))
        }
        guard case .rejected(_, number: 5, .overloaded)? = replies.last else {
            Issue.record("the third message had to wait: \(replies)")
            return
        }
    }

    @Test func presenceIsWrittenAgainFromTimeToTime() {
        var node = NodeUnderTest()
        node.hello("alice", 1)
        node.answerStore(.announced([:])) { $0.isAnnounce }
        node.tick(.seconds(181))
        #expect(node.actions.contains { if case .store(let command, _) = $0 { command.isAnnounce } else { false } })
    }
}

extension StoreCommand {
    fileprivate var isAnnounce: Bool { if case .announce = self { true } else { false } }
}
