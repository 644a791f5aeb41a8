import PostgresClient
import Synchronization

/// Remembers the highest timeline seen, for all connections of a store: a server on a lower one has been replaced by a
/// promoted standby, even if it does not know it.
final class PrimaryWatermark: Sendable {
    private struct State {
        var systemIdentifier: Int64?
        var timeline: UInt32 = 0
    }

    private let state = Mutex(State())

    /// Why this server must not be used; nil if it may, and is the newest seen then.
    func refusal(of server: PostgresServerInfo) -> ServerRefusal? {
        guard !server.isInRecovery else { return .standby(endpoint: server.endpoint) }
        return state.withLock { state in
            guard let known = state.systemIdentifier else {
                state = State(systemIdentifier: server.systemIdentifier, timeline: server.timeline)
                return nil
            }
            guard known == server.systemIdentifier else {
                return .otherDatabase(endpoint: server.endpoint, found: server.systemIdentifier, known: known)
            }
            guard server.timeline >= state.timeline else {
                return .leftBehind(endpoint: server.endpoint, found: server.timeline, known: state.timeline)
            }
            state.timeline = server.timeline
            return nil
        }
    }
}
