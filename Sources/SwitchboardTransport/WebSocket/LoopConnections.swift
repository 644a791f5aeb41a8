import Logging
import NIOCore
import SwitchboardProtocol

/// The connections of one event loop. Every member is used on that loop only.
final class LoopConnections {
    let eventLoop: any EventLoop
    let index: Int
    let registry: ConnectionRegistry
    let limits: WebSocketLimits
    let logger: Logger
    /// Set when the front starts, before anything is accepted.
    let sink: any WebSocketFrontSink
    private var connections: [ConnectionID: WebSocketConnectionHandler] = [:]

    init(
        eventLoop: any EventLoop, index: Int, registry: ConnectionRegistry, limits: WebSocketLimits,
        sink: any WebSocketFrontSink, logger: Logger
    ) {
        self.eventLoop = eventLoop
        self.index = index
        self.registry = registry
        self.limits = limits
        self.sink = sink
        self.logger = logger
    }

    subscript(connection: ConnectionID) -> WebSocketConnectionHandler? { connections[connection] }

    func opened(_ connection: WebSocketConnectionHandler) -> ConnectionID {
        let id = registry.connectionOpened(onLoop: index)
        connections[id] = connection
        return id
    }

    func closed(_ connection: ConnectionID) {
        guard connections.removeValue(forKey: connection) != nil else { return }
        registry.connectionClosed()
    }

    /// Writes all, then flushes each socket once.
    func send(_ batch: [(ConnectionID, [WireServerFrame])]) {
        for (id, frames) in batch { connections[id]?.write(frames) }
        for (id, _) in batch { connections[id]?.flush() }
    }

    func closeAll(code: CloseCode) {
        for connection in Array(connections.values) { connection.close(code: code, error: nil) }
    }
}
