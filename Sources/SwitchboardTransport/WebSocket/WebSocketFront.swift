public import Logging
import NIOConcurrencyHelpers
public import NIOCore
import NIOHTTP1
import NIOWebSocket
public import SwitchboardProtocol

/// Serves clients: one listening port with the WebSocket at `/v1/connect` and ordinary HTTP at all other paths.
///
/// It knows the frames of the protocol but not what they mean. Its methods may be called from any thread and never block; calls of
/// one thread take effect in their order. Naming a connection that is over has no effect.
public final class WebSocketFront: Sendable {
    private struct Running {
        var listener: ServerListener
        var registry: ConnectionRegistry
        var loops: [NIOLoopBoundBox<LoopConnections>]
    }

    private enum State {
        case new
        case running(Running)
        case ended
    }

    private let configuration: WebSocketFrontConfiguration
    private let group: any EventLoopGroup
    private let responder: any HTTPResponder
    private let logger: Logger
    private let state = NIOLockedValueBox(State.new)

    /// - Parameters:
    ///   - group: its event loops carry the connections; the caller shuts it down after the front.
    ///   - responder: answers all paths but the WebSocket's.
    public init(
        configuration: WebSocketFrontConfiguration, group: any EventLoopGroup,
        responder: any HTTPResponder = EmptyResponder(), logger: Logger
    ) {
        self.configuration = configuration
        self.group = group
        self.responder = responder
        self.logger = logger
    }

    /// Starts to accept clients. The sink is kept until `shutdown` has ended.
    ///
    /// - Throws: `TransportError`.
    public func start(sink: any WebSocketFrontSink) async throws(TransportError) -> BoundAddress {
        let limits = configuration.limits
        let eventLoops = Array(group.makeIterator())
        let registry = ConnectionRegistry(loops: eventLoops, maxConnections: limits.maxConnections)
        let loops = eventLoops.enumerated().map { index, eventLoop in
            NIOLoopBoundBox.makeBoxSendingValue(
                LoopConnections(
                    eventLoop: eventLoop, index: index, registry: registry, limits: limits, sink: sink, logger: logger),
                eventLoop: eventLoop)
        }
        let listener = ServerListener(
            options: .init(
                host: configuration.host, port: configuration.port, backlog: limits.backlog,
                maxSockets: limits.maxConnections + limits.maxPlainSockets, tls: try configuration.tls?.serverContext(),
                writeBuffer: (limits.maxUnsentBytes, limits.maxUnsentBytes)))
        let running = Running(listener: listener, registry: registry, loops: loops)
        let isFirst = state.withLockedValue { state in
            guard case .new = state else { return false }
            state = .running(running)
            return true
        }
        guard isFirst else { throw .alreadyStarted }
        let pipeline = FrontPipeline(
            path: configuration.path, http: configuration.http, registry: registry,
            responder: FrontResponder(path: configuration.path, registry: registry, next: responder),
            maxFrameBytes: limits.maxMessageBytes, loops: loops)
        return try await listener.start(on: group) { channel in try pipeline.configure(channel) }
    }

    /// WebSockets open at the moment.
    public var connectionCount: Int { running?.registry.openCount ?? 0 }

    /// Sends frames; in order for each connection. One hop to each event loop and one flush for each socket.
    public func send(_ batch: [(ConnectionID, [WireServerFrame])]) {
        guard let running, !batch.isEmpty else { return }
        var parts = [[(ConnectionID, [WireServerFrame])]](repeating: [], count: running.loops.count)
        for item in batch { parts[running.registry.loopIndex(of: item.0)].append(item) }
        for (loop, part) in zip(running.loops, parts) where !part.isEmpty {
            loop.eventLoop.execute { loop.value.send(part) }
        }
    }

    /// Sends `error`, if there is one, and the close frame. The sink hears `connectionClosed` with `.byServer(code)`, unless the
    /// connection has ended before.
    public func close(_ connection: ConnectionID, code: CloseCode, after error: ErrorName? = nil) {
        on(connection) { $0.close(code: code, error: error) }
    }

    /// Whether to read from a client. While it is off, the client's frames wait in its socket; use it when what it feeds is full.
    public func setReading(_ connection: ConnectionID, _ isReading: Bool) {
        on(connection) { $0.setReading(isReading) }
    }

    /// Pings a connection more often, so that its loss is found sooner: while a call is being set up.
    public func setPingInterval(_ connection: ConnectionID, fast: Bool) {
        on(connection) { $0.setPingInterval(fast: fast) }
    }

    /// Accepts nobody any more; the connections stay.
    public func stopAccepting() async {
        await running?.listener.stopAccepting()
    }

    /// Closes all with 1012 (restart), waits up to `grace` for clients to answer, then closes what is left.
    public func shutdown(grace: Duration) async {
        guard let running else { return }
        await running.listener.stopAccepting()
        for loop in running.loops {
            loop.eventLoop.execute { loop.value.closeAll(code: .serviceRestart) }
        }
        let deadline = ContinuousClock.now + grace
        while running.listener.acceptedCount > 0, ContinuousClock.now < deadline, !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(10))
        }
        await running.listener.closeAccepted()
        state.withLockedValue { $0 = .ended }
    }

    private var running: Running? {
        state.withLockedValue { state in
            guard case .running(let running) = state else { return nil }
            return running
        }
    }

    private func on(_ connection: ConnectionID, _ body: @escaping @Sendable (WebSocketConnectionHandler) -> Void) {
        guard let running else { return }
        let loop = running.loops[running.registry.loopIndex(of: connection)]
        loop.eventLoop.execute {
            if let handler = loop.value[connection] { body(handler) }
        }
    }
}
