import Coordination
import SwitchboardCore
import SwitchboardProtocol
import Synchronization
import Testing

@Suite("Coordinator conformance: completions (in process, and a real ZooKeeper)", .timeLimit(.minutes(2)))
struct CompletionTests {
    @Test("Every command is completed once, also those that closing overtakes", arguments: CoordinatorKind.allCases)
    func closing(_ kind: CoordinatorKind) async throws {
        try await kind.withNodes(1) { cluster in
            let node = cluster[0]
            for number in 1...500 as ClosedRange<UInt64> {
                node.submit(.create(.sample(number), leader: node.incarnation))
                if number.isMultiple(of: 50) {
                    node.submit(.delete([ConversationClaim(conversation: .sample(1), version: 7)]))
                }
            }
            await node.close()
            #expect(node.inbox.completions.count == 510)
            #expect(node.miscounted.isEmpty)
            #expect(node.inbox.availabilities == [true, false])
        }
    }

    @Test("A closed coordinator refuses; closing again does nothing", arguments: CoordinatorKind.allCases)
    func closed(_ kind: CoordinatorKind) async throws {
        try await kind.withNodes(1) { cluster in
            let node = cluster[0]
            await node.close()
            await node.close()
            for command in [
                .create(.sample(1), leader: node.incarnation), .read(.sample(1), sync: true),
                .claim(.sample(1), leader: node.incarnation, version: 0), .delete([]), .mark(.draining, true),
            ] as [CoordinatorCommand] {
                guard case .unavailable = try await node.perform(command) else {
                    Issue.record("\(command) was not refused")
                    continue
                }
            }
        }
    }

    @Test(
        "Events come one at a time and never from within submit, also when the handler submits",
        arguments: CoordinatorKind.allCases)
    func reentrance(_ kind: CoordinatorKind) async throws {
        try await kind.withNodes(1) { cluster in
            let node = cluster[0]
            // A chain: each completion submits the next command from the handler itself.
            let chain = Chain(length: 200)
            node.inbox.onEvent { event in
                chain.enter()
                if case .completed(_, let result) = event { chain.completed(result, node) }
                chain.leave()
            }
            chain.submit(node)
            try await node.inbox.wait(until: "the chain ends") { _ in chain.remaining == 0 }
            #expect(chain.overlaps == 0)
            #expect(chain.reentries == 0)
        }
    }
}

/// Commands that follow from each other.
private final class Chain: Sendable {
    private struct State {
        var remaining: Int
        var isInHandler = false
        var isSubmitting = false
        var overlaps = 0
        var reentries = 0
    }

    private let state: Mutex<State>

    init(length: Int) {
        state = Mutex(State(remaining: length))
    }

    var remaining: Int { state.withLock { $0.remaining } }
    var overlaps: Int { state.withLock { $0.overlaps } }
    var reentries: Int { state.withLock { $0.reentries } }

    func enter() {
        state.withLock { state in
            if state.isInHandler { state.overlaps += 1 }
            if state.isSubmitting { state.reentries += 1 }
            state.isInHandler = true
        }
    }

    func leave() { state.withLock { $0.isInHandler = false } }

    func completed(_ result: CoordinatorResult, _ node: TestNode) {
        let goesOn = state.withLock { state in
            state.remaining -= 1
            return state.remaining > 0
        }
        if goesOn { submit(node) }
    }

    /// From the handler no other event can come meanwhile; the first one, from the test, is not looked at.
    func submit(_ node: TestNode) {
        state.withLock { $0.isSubmitting = $0.isInHandler }
        node.submit(.create(.sample(UInt64(remaining)), leader: node.incarnation))
        state.withLock { $0.isSubmitting = false }
    }
}
