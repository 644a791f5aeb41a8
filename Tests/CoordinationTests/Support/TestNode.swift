import Coordination
import SwitchboardCore
import SwitchboardProtocol
import Synchronization

/// A node as its core would use the coordinator: submits commands and waits for their completions.
final class TestNode: Sendable {
    let incarnation: Incarnation
    let member: NodeMember
    let inbox: CoordinatorInbox
    private let coordinator: any Coordinator
    private let closing: @Sendable () async -> Void
    private let lastRequest = Atomic<UInt64>(0)

    init(
        _ name: String,
        make: (Incarnation, NodeMember, @escaping CoordinatorEventHandler) throws -> (
            any Coordinator, @Sendable () async -> Void
        )
    ) throws {
        incarnation = Incarnation(trusted: name)
        member = NodeMember(
            address: PeerAddress(host: "\(name).example", port: 7_000), datacenter: "east", featureLevel: 3,
            software: "1.2.3")
        let inbox = CoordinatorInbox()
        self.inbox = inbox
        (coordinator, closing) = try make(incarnation, member) { inbox.take($0) }
    }

    /// Submits without waiting.
    @discardableResult
    func submit(_ command: CoordinatorCommand) -> CoordinatorRequestID {
        let id = CoordinatorRequestID(lastRequest.add(1, ordering: .relaxed).newValue)
        coordinator.submit(command, id: id)
        return id
    }

    /// Waits for the result of a submitted command.
    func result(of id: CoordinatorRequestID) async throws -> CoordinatorResult {
        try await inbox.wait(until: "command \(id.number) is completed") { !$0.results(of: id).isEmpty }
        return inbox.results(of: id)[0]
    }

    /// Submits and waits for the result.
    func perform(_ command: CoordinatorCommand) async throws -> CoordinatorResult {
        try await result(of: submit(command))
    }

    /// Waits until the last word is that elections can be held.
    func waitUntilAvailable() async throws {
        try await inbox.wait(until: "\(incarnation) is available") { $0.availabilities.last == true }
    }

    /// Waits until the last list of members is of these nodes.
    func waitForMembers(_ expected: Set<String>) async throws {
        try await inbox.wait(until: "\(incarnation) sees \(expected)") { inbox in
            inbox.memberLists.last.map { Set($0.keys.map(\.text)) } == expected
        }
    }

    func close() async { await closing() }

    /// Commands that were not completed exactly once.
    var miscounted: [UInt64] {
        let counts = Dictionary(inbox.completions.map { ($0.id.number, 1) }, uniquingKeysWith: +)
        return (1...max(1, lastRequest.load(ordering: .relaxed)))
            .filter { lastRequest.load(ordering: .relaxed) > 0 && counts[$0] != 1 }
    }
}
