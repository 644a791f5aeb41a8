import LocalCluster
import SwitchboardCore
import SwitchboardProtocol
import Synchronization

/// Keeps all that a coordinator told, in order.
final class CoordinatorInbox: Sendable {
    private let recorded = Mutex<[CoordinatorEvent]>([])
    private let listener = Mutex<(@Sendable (CoordinatorEvent) -> Void)?>(nil)

    func take(_ event: CoordinatorEvent) {
        recorded.withLock { $0.append(event) }
        listener.withLock { $0 }?(event)
    }

    /// Calls this too with every further event, from within the coordinator's own call.
    func onEvent(_ body: @escaping @Sendable (CoordinatorEvent) -> Void) {
        listener.withLock { $0 = body }
    }

    var events: [CoordinatorEvent] { recorded.withLock { $0 } }

    /// How many events there are, to look later only at what came after.
    var count: Int { recorded.withLock { $0.count } }

    /// The results of one command: one, if all is well.
    func results(of id: CoordinatorRequestID) -> [CoordinatorResult] {
        events.compactMap { event in
            if case .completed(id, let result) = event { result } else { nil }
        }
    }

    /// All completions, in order.
    var completions: [(id: CoordinatorRequestID, result: CoordinatorResult)] {
        events.compactMap { event in
            if case .completed(let id, let result) = event { (id, result) } else { nil }
        }
    }

    /// The members as told, one list after the other.
    var memberLists: [[Incarnation: NodeMember]] {
        events.compactMap { event in
            if case .membersChanged(let members) = event { members } else { nil }
        }
    }

    /// Availability as told.
    var availabilities: [Bool] {
        events.compactMap { event in
            if case .availability(let isAvailable) = event { isAvailable } else { nil }
        }
    }

    /// Waits until what was told satisfies a condition, for as long as a busy machine may need.
    func wait(
        until what: String, within limit: Duration = .seconds(30), _ condition: (CoordinatorInbox) -> Bool
    ) async throws {
        try await waitUntil(
            what, within: limit, pollEvery: .milliseconds(2), detail: { "\(self.events.suffix(10))" },
            { condition(self) })
    }
}
