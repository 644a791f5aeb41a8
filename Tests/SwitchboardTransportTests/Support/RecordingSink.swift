import NIOConcurrencyHelpers
import SwitchboardProtocol
import SwitchboardTransport

/// Remembers what the front tells.
final class RecordingSink: WebSocketFrontSink {
    struct Seen {
        var info: ConnectionInfo
        /// One element for each call.
        var batches: [[WireClientFrame]] = []
        var reasons: [ConnectionCloseReason] = []

        var frames: [WireClientFrame] { batches.flatMap { $0 } }
    }

    private let state = NIOLockedValueBox<(order: [ConnectionID], seen: [ConnectionID: Seen])>(([], [:]))

    func connectionOpened(_ connection: ConnectionID, _ info: ConnectionInfo) {
        state.withLockedValue { state in
            state.order.append(connection)
            state.seen[connection] = Seen(info: info)
        }
    }

    func framesReceived(_ connection: ConnectionID, _ frames: [WireClientFrame]) {
        state.withLockedValue { $0.seen[connection]?.batches.append(frames) }
    }

    func connectionClosed(_ connection: ConnectionID, _ reason: ConnectionCloseReason) {
        state.withLockedValue { $0.seen[connection]?.reasons.append(reason) }
    }

    /// In the order of opening.
    var connections: [ConnectionID] { state.withLockedValue { $0.order } }

    subscript(connection: ConnectionID) -> Seen? { state.withLockedValue { $0.seen[connection] } }
}
