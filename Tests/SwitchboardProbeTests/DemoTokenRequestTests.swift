import NIOCore
import NIOHTTP1
import NIOPosix
import SwitchboardClient
import Testing

@testable import SwitchboardProbe

@Suite("Demo tokens", .timeLimit(.minutes(1)))
struct DemoTokenRequestTests {
    /// Answers every request; what it was asked stands in the answer.
    private final class Answering: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private let status: HTTPResponseStatus
        private let answer: (HTTPRequestHead, String) -> String
        private var head: HTTPRequestHead?
        private var body = ""

        init(_ status: HTTPResponseStatus, _ answer: @escaping (HTTPRequestHead, String) -> String) {
            (self.status, self.answer) = (status, answer)
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch Self.unwrapInboundIn(data) {
            case .head(let head): self.head = head
            case .body(let bytes): body += String(buffer: bytes)
            case .end:
                guard let head else { return }
                let text = ByteBuffer(string: answer(head, body))
                let headers: HTTPHeaders = ["Content-Length": "\(text.readableBytes)"]
                context.write(
                    Self.wrapOutboundOut(.head(.init(version: .http1_1, status: status, headers: headers))),
                    promise: nil)
                context.write(Self.wrapOutboundOut(.body(.byteBuffer(text))), promise: nil)
                context.writeAndFlush(Self.wrapOutboundOut(.end(nil)), promise: nil)
            }
        }
    }

    private func token(
        _ status: HTTPResponseStatus, _ answer: @escaping @Sendable (HTTPRequestHead, String) -> String
    ) async throws -> String {
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.pipeline.configureHTTPServerPipeline().flatMapThrowing {
                    try channel.pipeline.syncOperations.addHandler(Answering(status, answer))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        defer { server.close(promise: nil) }
        let endpoint = try ServerEndpoint(url: "ws://127.0.0.1:\(server.localAddress?.port ?? 0)")
        return try await DemoTokenRequest(endpoint: endpoint, user: "ali\"ce").token()
    }

    @Test("asks for the user by name")
    func asks() async throws {
        let token = try await token(.ok) { head, body in
            let isRight = head.uri == "/demo/token" && head.method == .POST && body == #"{"user":"ali\"ce"}"#
            return isRight ? #"{"token":"t.o.k","user":"x"}"# : #"{}"#
        }
        #expect(token == "t.o.k")
    }

    @Test("says what a node says that makes none")
    func refused() async throws {
        await #expect(throws: ProbeError.noDemoToken(#"HTTP status 403: {"error":"demo_refused"}"#)) {
            try await token(.forbidden) { _, _ in #"{"error":"demo_refused"}"# }
        }
    }

    @Test("does not ask over TLS, nor where nobody is")
    func impossible() async throws {
        for url in ["wss://127.0.0.1:1", "ws://127.0.0.1:1"] {
            let request = DemoTokenRequest(endpoint: try ServerEndpoint(url: url), user: "alice")
            await #expect(throws: ProbeError.self) { try await request.token() }
        }
    }
}
