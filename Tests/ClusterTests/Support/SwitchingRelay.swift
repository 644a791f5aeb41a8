import NIOConcurrencyHelpers
import NIOCore
import NIOPosix

/// A TCP proxy on the loopback that can be pointed at another node: a client behind it then comes back there, as through
/// a balancer, but where the test says.
final class SwitchingRelay: Sendable {
    private final class Half: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let other: any Channel

        init(to other: any Channel) { self.other = other }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            other.writeAndFlush(Self.unwrapInboundIn(data), promise: nil)
        }

        func channelInactive(context: ChannelHandlerContext) { other.close(promise: nil) }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }

    private struct State {
        /// `nil`: whoever connects is turned away.
        var target: Int?
        var channels: [any Channel] = []
    }

    private let server: any Channel
    private let state: NIOLockedValueBox<State>

    private init(server: any Channel, state: NIOLockedValueBox<State>) {
        self.server = server
        self.state = state
    }

    static func start(to port: Int) async throws -> SwitchingRelay {
        let state = NIOLockedValueBox(State(target: port))
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.autoRead, value: false)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { near in
                guard let target = state.withLockedValue({ $0.target }) else {
                    return near.eventLoop.makeFailedFuture(ChannelError.connectPending)
                }
                return ClientBootstrap(group: near.eventLoop)
                    .channelOption(.autoRead, value: false)
                    .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                    .connect(host: "127.0.0.1", port: target)
                    .flatMapThrowing { far in
                        try near.pipeline.syncOperations.addHandler(Half(to: far))
                        try far.pipeline.syncOperations.addHandler(Half(to: near))
                        state.withLockedValue { $0.channels += [near, far] }
                        for channel in [near, far] { channel.setOption(.autoRead, value: true).whenComplete { _ in } }
                    }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return SwitchingRelay(server: server, state: state)
    }

    var port: Int { server.localAddress?.port ?? 0 }

    /// Ends the connections that stand; the next ones go there, or nowhere.
    func move(to port: Int?) {
        let cut = state.withLockedValue { state in
            defer { state.channels = [] }
            state.target = port
            return state.channels
        }
        for channel in cut { channel.close(promise: nil) }
    }

    func close() async {
        try? await server.close()
        move(to: nil)
    }
}
