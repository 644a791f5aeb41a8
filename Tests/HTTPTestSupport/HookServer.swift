import Foundation
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
public import NIOSSL

/// A server on loopback that speaks as much HTTP/1.1 as a call hook, and answers with any bytes, or none.
public final class HookServer: Sendable {
    public struct Request: Sendable {
        /// The request line and the header fields, in lower case but for the values.
        public var head: [String]
        public var body: [UInt8]

        public func header(_ name: String) -> String? {
            head.first { $0.lowercased().hasPrefix(name + ":") }.map {
                String($0.dropFirst(name.utf8.count + 1)).trimmingCharacters(in: .whitespaces)
            }
        }
    }

    /// What is sent back; nil: nothing, the connection stays open. Closes it afterwards if it is said so.
    public struct Reply: Sendable {
        public var bytes: [UInt8]?
        public var closes = false

        public static let never = Reply(bytes: nil)
        public static let hangUp = Reply(bytes: nil, closes: true)

        public static func status(_ status: Int, _ body: String, headers: [String] = []) -> Reply {
            let head = ["HTTP/1.1 \(status) X", "content-length: \(body.utf8.count)"] + headers + ["", ""]
            return Reply(bytes: Array(head.joined(separator: "\r\n").utf8) + Array(body.utf8))
        }

        public static func verdict(_ verdict: String) -> Reply { .status(200, #"{"verdict":"\#(verdict)"}"#) }
        public static func raw(_ text: String, closes: Bool = false) -> Reply {
            Reply(bytes: Array(text.utf8), closes: closes)
        }
    }

    public struct Seen: Sendable {
        public var requests: [Request] = []
        public var connections = 0
        public var atATime = 0
        public var mostAtATime = 0
    }

    public let port: Int
    private let channel: any Channel
    private let connections: NIOLockedValueBox<[any Channel]>
    private let seen: NIOLockedValueBox<Seen>

    private init(
        port: Int, channel: any Channel, connections: NIOLockedValueBox<[any Channel]>, seen: NIOLockedValueBox<Seen>
    ) {
        (self.port, self.channel, self.connections, self.seen) = (port, channel, connections, seen)
    }

    public var current: Seen { seen.withLockedValue { $0 } }
    public var url: String { "http://127.0.0.1:\(port)/may-call" }

    /// - Parameter answer: Is given the request and its number, from 1.
    public static func start(
        port: Int = 0, tls: TLSConfiguration? = nil, _ answer: @escaping @Sendable (Request, Int) async -> Reply
    ) async throws -> HookServer {
        let seen = NIOLockedValueBox(Seen())
        let connections = NIOLockedValueBox<[any Channel]>([])
        let tls = try tls.map { try NIOSSLContext(configuration: $0) }
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    seen.withLockedValue { $0.connections += 1 }
                    connections.withLockedValue { $0.append(channel) }
                    if let tls { try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls)) }
                    try channel.pipeline.syncOperations.addHandler(Handler(seen: seen, answer: answer))
                }
            }
            .bind(host: "127.0.0.1", port: port).get()
        return HookServer(
            port: channel.localAddress?.port ?? 0, channel: channel, connections: connections, seen: seen)
    }

    /// Closes all connections too.
    public func stop() async throws {
        try await channel.close()
        for connection in connections.withLockedValue({ $0 }) { try? await connection.close() }
    }

    /// State belongs to the channel's event loop.
    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let seen: NIOLockedValueBox<Seen>
        private let answer: @Sendable (Request, Int) async -> Reply
        private var received: [UInt8] = []

        init(seen: NIOLockedValueBox<Seen>, answer: @escaping @Sendable (Request, Int) async -> Reply) {
            (self.seen, self.answer) = (seen, answer)
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            received += Array(buffer: Self.unwrapInboundIn(data))
            while let request = takeRequest() { respond(to: request, context) }
        }

        private func takeRequest() -> Request? {
            guard let end = received.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
            let head = String(decoding: received[..<end.lowerBound], as: UTF8.self)
                .split(separator: "\r\n").map(String.init)
            let request = Request(head: head, body: [])
            let length = request.header("content-length").flatMap { Int($0) } ?? 0
            guard received.count >= end.upperBound + length else { return nil }
            defer { received.removeFirst(end.upperBound + length) }
            return Request(head: head, body: Array(received[end.upperBound..<end.upperBound + length]))
        }

        private func respond(to request: Request, _ context: ChannelHandlerContext) {
            let number = seen.withLockedValue { seen in
                seen.requests.append(request)
                seen.atATime += 1
                seen.mostAtATime = max(seen.mostAtATime, seen.atATime)
                return seen.requests.count
            }
            let channel = context.channel
            Task { [answer, seen] in
                let reply = await answer(request, number)
                seen.withLockedValue { $0.atATime -= 1 }
                if let bytes = reply.bytes { try? await channel.writeAndFlush(ByteBuffer(bytes: bytes)) }
                if reply.closes { try? await channel.close() }
            }
        }
    }
}
