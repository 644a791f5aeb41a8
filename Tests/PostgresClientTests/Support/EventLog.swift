import LocalCluster
import Synchronization

@testable import PostgresClient

/// Collects what a connection tells, and waits for it.
final class EventLog: Sendable {
    private let collected = Mutex<[PostgresEvent]>([])

    var sink: @Sendable (PostgresEvent) -> Void {
        { event in self.collected.withLock { $0.append(event) } }
    }

    var events: [PostgresEvent] { collected.withLock { $0 } }

    var outcomes: [(id: UInt64, outcome: BatchOutcome)] {
        events.compactMap { if case .completed(let id, let outcome) = $0 { (id.rawValue, outcome) } else { nil } }
    }

    var sessions: [PostgresServerInfo] {
        events.compactMap { if case .connected(let info) = $0 { info } else { nil } }
    }

    private var lastEvents: String { "\(events.suffix(5))" }

    func outcome(of id: UInt64) -> BatchOutcome? { outcomes.first { $0.id == id }?.outcome }

    func waitForOutcomes(_ count: Int, within limit: Duration = .seconds(20)) async throws {
        try await waitUntil(
            "\(count) outcomes have come", within: limit, detail: { lastEvents }, { outcomes.count >= count })
    }

    /// The newest connection, when there have been `count`.
    @discardableResult
    func waitForSession(_ count: Int = 1, within limit: Duration = .seconds(20)) async throws -> PostgresServerInfo {
        try await waitUntil(
            "connection \(count) stands", within: limit, detail: { lastEvents }, { sessions.count >= count })
        return sessions[count - 1]
    }
}

extension BatchOutcome {
    var report: BatchReport? {
        if case .succeeded(let report) = self { report } else { nil }
    }

    var failure: BatchFailure? {
        if case .failed(let failure) = self { failure } else { nil }
    }

    var isUnknown: Bool {
        if case .unknown = self { true } else { false }
    }

    var isNotExecuted: Bool {
        if case .notExecuted = self { true } else { false }
    }
}
