import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import SwitchboardClient

/// Asks a node in demo mode for a token: `POST /demo/token`.
struct DemoTokenRequest {
    let endpoint: ServerEndpoint
    let user: String

    private struct Wish: Encodable { var user: String }
    private struct Answer: Decodable { var token: String }

    /// - Throws: `ProbeError.noDemoToken` if the node makes none, or does not answer in time.
    func token() async throws -> String {
        // Demo mode is for loopback, where there is no TLS.
        guard !endpoint.isSecure else {
            throw ProbeError.noDemoToken("not over wss: give --secret-file or --token-file")
        }
        let response: (status: Int, body: [UInt8])
        do {
            response = try await exchange(body: Array(try JSONEncoder().encode(Wish(user: user))))
        } catch {
            throw ProbeError.noDemoToken("\(error)")
        }
        guard response.status == 200,
            let answer = try? JSONDecoder().decode(Answer.self, from: Data(response.body))
        else {
            throw ProbeError.noDemoToken(
                "HTTP status \(response.status): \(String(decoding: response.body.prefix(500), as: UTF8.self))")
        }
        return answer.token
    }

    private func exchange(body: [UInt8]) async throws -> (status: Int, body: [UInt8]) {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connectTimeout(.seconds(10))
            .connect(host: endpoint.host, port: endpoint.port) { channel in
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
        var head = HTTPRequestHead(version: .http1_1, method: .POST, uri: "/demo/token")
        head.headers = [
            "Host": endpoint.authority, "Content-Type": "application/json", "Content-Length": "\(body.count)",
            "Connection": "close",
        ]
        return try await channel.executeThenClose { inbound, outbound in
            try await outbound.write(.head(head))
            try await outbound.write(.body(.byteBuffer(ByteBuffer(bytes: body))))
            try await outbound.write(.end(nil))
            for try await response in inbound {
                return (Int(response.head.status.code), response.body.map { Array($0.readableBytesView) } ?? [])
            }
            throw ProbeError.noDemoToken("the node closed the connection without an answer")
        }
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
