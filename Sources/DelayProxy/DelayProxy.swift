import NIOConcurrencyHelpers
import NIOCore
import NIOPosix

/// A TCP proxy on loopback that passes everything on, in both directions, a fixed time later: what is behind it seems to be
/// far away.
///
/// Bytes and ends of connections are delayed; TCP's own handshake is not, nor is anything lost. Each connection holds at
/// most `capacity` bytes in each direction; who sends more is not read until there is room.
public final class DelayProxy: Sendable {
    private struct State {
        var connections: [ObjectIdentifier: any Channel] = [:]
        var isClosed = false
    }

    private let server: any Channel
    private let delay: NIOLockedValueBox<TimeAmount>
    private let state: NIOLockedValueBox<State>

    private init(server: any Channel, delay: NIOLockedValueBox<TimeAmount>, state: NIOLockedValueBox<State>) {
        self.server = server
        self.delay = delay
        self.state = state
    }

    /// Listens on a free port of 127.0.0.1.
    ///
    /// - Parameters:
    ///   - port: Of 127.0.0.1, to which connections go on. Nobody need listen there yet.
    ///   - delay: In one direction; a round trip takes twice as long.
    ///   - maximumConnections: At a time; further ones are closed at once.
    /// - Throws: What NIO throws if it cannot listen.
    public static func start(
        to port: Int, delay: Duration, capacity: Int = 4 << 20, maximumConnections: Int = 10_000
    ) async throws -> DelayProxy {
        let delay = NIOLockedValueBox(TimeAmount(delay))
        let state = NIOLockedValueBox(State())
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.backlog, value: 1024)
            .childChannelOption(.autoRead, value: false)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { near in
                guard admit(near, state, maximumConnections) else {
                    return near.eventLoop.makeFailedFuture(ChannelError.connectPending)
                }
                return ClientBootstrap(group: near.eventLoop)
                    .channelOption(.autoRead, value: false)
                    .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                    .connect(host: "127.0.0.1", port: port)
                    .flatMapThrowing { far in
                        try join(near, far, delay, capacity)
                    }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return DelayProxy(server: server, delay: delay, state: state)
    }

    /// Where to connect.
    public var port: Int { server.localAddress?.port ?? 0 }

    /// From now on, for connections that stand, too. What is on its way already comes as it would have.
    public func setDelay(_ delay: Duration) {
        self.delay.withLockedValue { $0 = TimeAmount(delay) }
    }

    /// Ends all connections, and listens no more.
    public func close() async {
        try? await server.close()
        let connections = state.withLockedValue { state in
            state.isClosed = true
            return state.connections.values
        }
        for connection in connections { try? await connection.close() }
    }

    private static func admit(_ near: any Channel, _ state: NIOLockedValueBox<State>, _ limit: Int) -> Bool {
        let isAdmitted = state.withLockedValue { state in
            guard !state.isClosed, state.connections.count < limit else { return false }
            state.connections[ObjectIdentifier(near)] = near
            return true
        }
        guard isAdmitted else { return false }
        let id = ObjectIdentifier(near)
        near.closeFuture.whenComplete { _ in state.withLockedValue { $0.connections[id] = nil } }
        return true
    }

    private static func join(
        _ near: any Channel, _ far: any Channel, _ delay: NIOLockedValueBox<TimeAmount>, _ capacity: Int
    ) throws {
        try near.pipeline.syncOperations.addHandler(DelayedPipe(to: far, delay: delay, capacity: capacity))
        try far.pipeline.syncOperations.addHandler(DelayedPipe(to: near, delay: delay, capacity: capacity))
        for channel in [near, far] { channel.setOption(.autoRead, value: true).whenFailure { _ in } }
    }
}
