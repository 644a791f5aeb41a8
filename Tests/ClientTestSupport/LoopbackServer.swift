import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import NIOWebSocket
import SwiftProtobuf
import SwitchboardProtocol
import Synchronization

/// A WebSocket server on loopback for one test: frames go to a closure, which may answer.
package final class LoopbackServer: Sendable {
    /// One client's connection.
    package struct Connection: Sendable {
        package let channel: any Channel
        let codec: FrameCodec

        package func send(_ frame: WireServerFrame) {
            guard let bytes = try? codec.encode(frame) else { return }
            write(codec.subprotocol == .json ? .text : .binary, bytes)
        }

        /// One message in as many fragments as it has bytes.
        package func sendFragmented(_ frame: WireServerFrame) {
            guard let bytes = try? codec.encode(frame) else { return }
            for (index, byte) in bytes.enumerated() {
                let opcode: WebSocketOpcode =
                    index > 0 ? .continuation : codec.subprotocol == .json ? .text : .binary
                write(opcode, [byte], fin: index == bytes.count - 1)
            }
        }

        package func write(_ opcode: WebSocketOpcode, _ bytes: [UInt8], fin: Bool = true) {
            let frame = WebSocketFrame(fin: fin, opcode: opcode, data: channel.allocator.buffer(bytes: bytes))
            channel.writeAndFlush(frame, promise: nil)
        }

        package func close(code: CloseCode) {
            write(.connectionClose, [UInt8(code.rawValue >> 8), UInt8(code.rawValue & 0xff)])
            channel.close(promise: nil)
        }

        /// As a process that is killed closes it.
        package func drop() {
            channel.close(promise: nil)
        }
    }

    package typealias Handler = @Sendable (WireClientFrame, Connection) -> Void

    private let channel: any Channel
    private let state: Mutex<State> = Mutex(State())

    private struct State {
        var connections: [Connection] = []
        var pongs = 0
    }

    package let endpointURL: String
    package var connections: [Connection] { state.withLock { $0.connections } }
    package var pongs: Int { state.withLock { $0.pongs } }

    /// Serves until `stop()`.
    package static func start(
        subprotocols: [Subprotocol] = Subprotocol.allCases, tls: NIOSSLContext? = nil, handler: @escaping Handler
    ) async throws -> LoopbackServer {
        let relay = Mutex<LoopbackServer?>(nil)
        let upgradable = Upgradable(subprotocols: subprotocols) { connection in
            relay.withLock { $0 }?.state.withLock { $0.connections.append(connection) }
            return FrameHandler(
                connection: connection, handler: handler,
                onPong: { relay.withLock { $0 }?.state.withLock { $0.pongs += 1 } })
        }
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard let tls else { return }
                    try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls))
                }
                .flatMap { upgradable.configure(channel) }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let server = LoopbackServer(channel: channel, scheme: tls == nil ? "ws" : "wss")
        relay.withLock { $0 = server }
        return server
    }

    private init(channel: any Channel, scheme: String) {
        self.channel = channel
        endpointURL = "\(scheme)://127.0.0.1:\(channel.localAddress?.port ?? 0)"
    }

    package func stop() async {
        for connection in connections { connection.drop() }
        try? await channel.close()
    }

    /// The HTTP side: takes the upgrade with a subprotocol that both know.
    private final class Upgradable: Sendable {
        private let subprotocols: [Subprotocol]
        private let makeHandler: @Sendable (Connection) -> FrameHandler

        init(subprotocols: [Subprotocol], makeHandler: @escaping @Sendable (Connection) -> FrameHandler) {
            self.subprotocols = subprotocols
            self.makeHandler = makeHandler
        }

        func configure(_ channel: any Channel) -> EventLoopFuture<Void> {
            let upgrader = NIOWebSocketServerUpgrader(
                maxFrameSize: 1 << 20,
                shouldUpgrade: { channel, head in
                    var headers = HTTPHeaders()
                    if let chosen = self.negotiate(head) {
                        headers.add(name: "Sec-WebSocket-Protocol", value: chosen.rawValue)
                    }
                    return channel.eventLoop.makeSucceededFuture(headers)
                },
                upgradePipelineHandler: { channel, head in
                    channel.eventLoop.makeCompletedFuture {
                        let codec = FrameCodec(self.negotiate(head) ?? .json)
                        let connection = Connection(channel: channel, codec: codec)
                        try channel.pipeline.syncOperations.addHandler(self.makeHandler(connection))
                    }
                })
            return channel.pipeline.configureHTTPServerPipeline(
                withServerUpgrade: (upgraders: [upgrader], completionHandler: { _ in }))
        }

        private func negotiate(_ head: HTTPRequestHead) -> Subprotocol? {
            let offered = head.headers[canonicalForm: "Sec-WebSocket-Protocol"].map(String.init)
            return Subprotocol.negotiate(offered: offered).flatMap { subprotocols.contains($0) ? $0 : nil }
        }
    }

    private final class FrameHandler: ChannelInboundHandler {
        typealias InboundIn = WebSocketFrame

        let connection: Connection
        let handler: Handler
        let onPong: @Sendable () -> Void

        init(connection: Connection, handler: @escaping Handler, onPong: @escaping @Sendable () -> Void) {
            (self.connection, self.handler, self.onPong) = (connection, handler, onPong)
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let frame = Self.unwrapInboundIn(data)
            switch frame.opcode {
            case .text, .binary:
                let bytes = Array(frame.unmaskedData.readableBytesView)
                guard let decoded = try? connection.codec.decode(WireClientFrame.self, from: bytes) else {
                    return connection.close(code: .badFrame)
                }
                handler(decoded, connection)
            case .connectionClose: connection.close(code: .goingAway)
            case .pong: onPong()
            default: break
            }
        }
    }
}
