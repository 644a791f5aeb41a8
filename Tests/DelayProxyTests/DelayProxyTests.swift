import DelayProxy
import NIOCore
import NIOPosix
import Testing

@Suite("Delay proxy")
struct DelayProxyTests {
    private static let delay: Duration = .milliseconds(50)

    @Test("a round trip takes twice the delay, and what is sent together comes together")
    func roundTrip() async throws {
        try await Self.withEcho { proxy in
            try await Self.withClient(of: proxy) { inbound, outbound in
                let clock = ContinuousClock()
                let began = clock.now
                for _ in 0..<10 { try await outbound.write(ByteBuffer(string: "0123456789")) }
                var received = 0
                var iterator = inbound.makeAsyncIterator()
                while received < 100, let bytes = try await iterator.next() { received += bytes.readableBytes }
                let took = clock.now - began
                #expect(received == 100)
                #expect(took >= Self.delay * 2)
                // Not one delay for each write.
                #expect(took < Self.delay * 10)
            }
        }
    }

    @Test("more than it may hold comes through unharmed")
    func bounded() async throws {
        try await Self.withEcho(capacity: 64 << 10) { proxy in
            try await Self.withClient(of: proxy) { inbound, outbound in
                let block = ByteBuffer(bytes: (0..<65_536).map { UInt8(truncatingIfNeeded: $0 &* 31) })
                async let writing: Void = {
                    for _ in 0..<16 { try await outbound.write(block) }
                }()
                var received = ByteBuffer()
                var iterator = inbound.makeAsyncIterator()
                while received.readableBytes < 16 * block.readableBytes, var bytes = try await iterator.next() {
                    received.writeBuffer(&bytes)
                }
                try await writing
                #expect(received.readableBytes == 16 * block.readableBytes)
                for _ in 0..<16 { #expect(received.readSlice(length: block.readableBytes) == block) }
            }
        }
    }

    @Test("the end of a connection comes behind its last bytes")
    func end() async throws {
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(LastWords())
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let proxy = try await DelayProxy.start(to: try #require(server.localAddress?.port), delay: Self.delay)
        try await Self.withClient(of: proxy) { inbound, _ in
            var received = ByteBuffer()
            for try await var bytes in inbound { received.writeBuffer(&bytes) }
            #expect(String(buffer: received) == "last words")
        }
        await proxy.close()
        try await server.close()
    }

    @Test("the delay can be changed under a connection")
    func change() async throws {
        try await Self.withEcho { proxy in
            try await Self.withClient(of: proxy) { inbound, outbound in
                var iterator = inbound.makeAsyncIterator()
                let clock = ContinuousClock()
                for delay in [Duration.milliseconds(150), .zero] {
                    proxy.setDelay(delay)
                    let began = clock.now
                    try await outbound.write(ByteBuffer(string: "x"))
                    _ = try await iterator.next()
                    #expect(clock.now - began >= delay * 2)
                    if delay == .zero { #expect(clock.now - began < .milliseconds(150)) }
                }
            }
        }
    }

    // MARK: Both ends

    private final class Echo: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            context.channel.writeAndFlush(Self.unwrapInboundIn(data), promise: nil)
        }
    }

    private final class LastWords: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        func channelActive(context: ChannelHandlerContext) {
            let channel = context.channel
            channel.writeAndFlush(ByteBuffer(string: "last words")).whenComplete { _ in channel.close(promise: nil) }
        }
    }

    private static func withEcho(
        capacity: Int = 4 << 20, _ body: (DelayProxy) async throws -> Void
    ) async throws {
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Echo()) }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let proxy = try await DelayProxy.start(
            to: try #require(server.localAddress?.port), delay: delay, capacity: capacity)
        try await body(proxy)
        await proxy.close()
        try await server.close()
    }

    private static func withClient(
        of proxy: DelayProxy,
        _ body:
            @Sendable (NIOAsyncChannelInboundStream<ByteBuffer>, NIOAsyncChannelOutboundWriter<ByteBuffer>)
            async throws -> Void
    ) async throws {
        let client = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: proxy.port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        try await client.executeThenClose { inbound, outbound in try await body(inbound, outbound) }
    }
}
