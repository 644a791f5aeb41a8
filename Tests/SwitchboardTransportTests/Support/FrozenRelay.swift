import NIOConcurrencyHelpers
import NIOCore
import NIOPosix

/// A TCP proxy on the loopback that can stop passing bytes on, without closing: the network as it fails.
final class FrozenRelay: Sendable {
    private final class Half: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let other: any Channel
        private let isFrozen: NIOLockedValueBox<Bool>

        init(to other: any Channel, _ isFrozen: NIOLockedValueBox<Bool>) {
            self.other = other
            self.isFrozen = isFrozen
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            other.writeAndFlush(Self.unwrapInboundIn(data), promise: nil)
        }

        func channelInactive(context: ChannelHandlerContext) {
            // A frozen network passes no end of a connection on either.
            if !isFrozen.withLockedValue({ $0 }) { other.close(promise: nil) }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }

    private let server: any Channel
    private let channels: NIOLockedValueBox<[any Channel]>
    private let isFrozen: NIOLockedValueBox<Bool>

    private init(
        server: any Channel, channels: NIOLockedValueBox<[any Channel]>, isFrozen: NIOLockedValueBox<Bool>
    ) {
        self.server = server
        self.channels = channels
        self.isFrozen = isFrozen
    }

    static func start(to port: Int) async throws -> FrozenRelay {
        let channels = NIOLockedValueBox<[any Channel]>([])
        let isFrozen = NIOLockedValueBox(false)
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let server = try await ServerBootstrap(group: loop)
            .childChannelOption(.autoRead, value: false)
            .childChannelInitializer { near in
                ClientBootstrap(group: near.eventLoop)
                    .channelOption(.autoRead, value: false)
                    .connect(host: "127.0.0.1", port: port)
                    .flatMapThrowing { far in
                        try near.pipeline.syncOperations.addHandler(Half(to: far, isFrozen))
                        try far.pipeline.syncOperations.addHandler(Half(to: near, isFrozen))
                        channels.withLockedValue { $0 += [near, far] }
                        // A frozen relay accepts, as the kernel of a stopped process does, and says nothing.
                        guard !isFrozen.withLockedValue({ $0 }) else { return }
                        for channel in [near, far] { channel.setOption(.autoRead, value: true).whenComplete { _ in } }
                    }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return FrozenRelay(server: server, channels: channels, isFrozen: isFrozen)
    }

    var port: Int { server.localAddress?.port ?? 0 }

    /// Connections whose other half has ended meanwhile are left to their ends' own time-outs.
    func setFrozen(_ frozen: Bool) async {
        isFrozen.withLockedValue { $0 = frozen }
        for channel in channels.withLockedValue({ $0 }) {
            // Fails on channels that have ended, which is all the same.
            try? await channel.setOption(.autoRead, value: !frozen).get()
        }
    }

    func close() async {
        try? await server.close()
        for channel in channels.withLockedValue({ $0 }) { try? await channel.close() }
    }
}
