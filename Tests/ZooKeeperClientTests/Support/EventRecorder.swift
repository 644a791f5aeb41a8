import LocalCluster
import Synchronization
import ZooKeeperClient

/// Keeps all that a client told its sink, in order.
final class EventRecorder: Sendable {
    private let recorded = Mutex<[ZooKeeperEvent]>([])

    var sink: @Sendable (ZooKeeperEvent) -> Void {
        { event in self.recorded.withLock { $0.append(event) } }
    }

    var events: [ZooKeeperEvent] { recorded.withLock { $0 } }

    /// The events of the session alone.
    var sessionEvents: [ZooKeeperSessionEvent] {
        events.compactMap { if case .session(let event) = $0 { event } else { nil } }
    }

    /// The answers, in the order in which they came.
    var answers: [(id: UInt64, result: Result<ZooKeeperResponse, ZooKeeperError>)] {
        events.compactMap { if case .completed(let id, let result) = $0 { (id.rawValue, result) } else { nil } }
    }

    /// How often a watched node's children were reported as changed.
    func changes(of path: String) -> Int {
        events.count { $0 == .childrenChanged(path: path) }
    }

    /// How often the session was connected.
    var connections: Int {
        sessionEvents.count { if case .connected = $0 { true } else { false } }
    }

    /// Waits until the recorded events satisfy a condition, for as long as a busy machine may need.
    func wait(
        until what: String, within limit: Duration = .seconds(30), _ condition: (EventRecorder) -> Bool
    ) async throws {
        try await waitUntil(
            what, within: limit, pollEvery: .milliseconds(5), detail: { "\(self.events.suffix(20))" },
            { condition(self) })
    }
}
