import NIOCore
import NIOHTTP1
import NIOPosix
import SwitchboardClient

/// One small HTTP request without TLS, and its answer: what the tools ask of nodes.
package struct SmallHTTPRequest {
    package var host: String
    package var port: Int
    package var method: HTTPMethod
    package var path: String
    package var body: [UInt8] = []

    package init(host: String, port: Int, method: HTTPMethod, path: String, body: [UInt8] = []) {
        self.host = host
        self.port = port
        self.method = method
        self.path = path
        self.body = body
    }

    /// - Throws: whatever went wrong with the connection, or `SilentPeer`.
    package func answer() async throws -> (status: Int, body: [UInt8]) {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connectTimeout(.seconds(10))
            .connect(host: host, port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    try channel.pipeline.syncOperations.addHandlers([
                        IdleStateHandler(readTimeout: .seconds(10)), Deadline(),
                        NIOHTTPClientResponseAggregator(maxContentLength: 64 << 10),
                    ])
                    return try NIOAsyncChannel<NIOHTTPClientResponseFull, HTTPClientRequestPart>(
                        wrappingChannelSynchronously: channel)
                }
            }
        var head = HTTPRequestHead(version: .http1_1, method: method, uri: path)
        head.headers = [
            "Host": host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)", "Content-Type": "application/json",
            "Content-Length": "\(body.count)", "Connection": "close",
        ]
        return try await channel.executeThenClose { inbound, outbound in
            try await outbound.write(.head(head))
            try await outbound.write(.body(.byteBuffer(ByteBuffer(bytes: body))))
            try await outbound.write(.end(nil))
            for try await response in inbound {
                return (Int(response.head.status.code), response.body.map { Array($0.readableBytesView) } ?? [])
            }
            throw SilentPeer()
        }
    }

    package struct SilentPeer: Error, CustomStringConvertible {
        package var description: String { "the node closed the connection without an answer" }
    }

    /// Ends a connection on which nothing is heard.
    private final class Deadline: ChannelInboundHandler {
        typealias InboundIn = HTTPClientResponsePart
        typealias InboundOut = HTTPClientResponsePart

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            guard event is IdleStateHandler.IdleStateEvent else { return context.fireUserInboundEventTriggered(event) }
            context.close(promise: nil)
        }
    }
}
