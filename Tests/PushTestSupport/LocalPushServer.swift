import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1
import NIOHTTP2
import NIOPosix
import NIOSSL

/// An HTTPS server on loopback that writes down what it gets and answers as it is told: HTTP/2 and HTTP/1.1, as the client
/// negotiates (ALPN).
public final class LocalPushServer: Sendable {
    public struct Request: Sendable {
        /// 2 or 1.
        public var httpVersion: Int
        public var method: String
        public var path: String
        /// Names in lower case.
        public var headers: [String: String]
        public var body: [UInt8]
        public var text: String { String(decoding: body, as: UTF8.self) }
    }

    public struct Answer: Sendable {
        public var status: Int
        public var headers: [(String, String)]
        public var body: String

        public init(_ status: Int, headers: [(String, String)] = [], _ body: String = "") {
            self.status = status
            self.headers = headers
            self.body = body
        }
    }

    /// nil: the request is never answered.
    public typealias Responder = @Sendable (Request) -> Answer?

    private struct State {
        var requests: [Request] = []
        var connections = 0
        var responder: Responder
    }

    private let state: NIOLockedValueBox<State>
    private let channel: any Channel
    private let children: NIOLockedValueBox<[ObjectIdentifier: any Channel]>
    public let port: Int

    /// - Parameter protocols: what it offers in ALPN.
    public static func start(
        protocols: [String] = ["h2", "http/1.1"], respond: @escaping Responder = { _ in Answer(201) }
    ) async throws -> LocalPushServer {
        let context = try NIOSSLContext(configuration: TestKeys.serverConfiguration(protocols: protocols))
        let state = NIOLockedValueBox(State(responder: respond))
        let children = NIOLockedValueBox<[ObjectIdentifier: any Channel]>([:])
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                children.withLockedValue { $0[ObjectIdentifier(channel)] = channel }
                state.withLockedValue { $0.connections += 1 }
                do {
                    try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context))
                } catch {
                    return channel.eventLoop.makeFailedFuture(error)
                }
                return channel.configureCommonHTTPServerPipeline { stream in
                    stream.eventLoop.makeCompletedFuture {
                        try stream.pipeline.syncOperations.addHandler(Recorder(state))
                    }
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return LocalPushServer(state, channel, children)
    }

    private init(
        _ state: NIOLockedValueBox<State>, _ channel: any Channel,
        _ children: NIOLockedValueBox<[ObjectIdentifier: any Channel]>
    ) {
        self.state = state
        self.channel = channel
        self.children = children
        port = channel.localAddress?.port ?? 0
    }

    public var requests: [Request] { state.withLockedValue { $0.requests } }
    /// Accepted so far.
    public var connections: Int { state.withLockedValue { $0.connections } }

    /// From now on it answers like this.
    public func respond(_ responder: @escaping Responder) { state.withLockedValue { $0.responder = responder } }

    public func stop() async {
        try? await channel.close()
        for child in children.withLockedValue({ Array($0.values) }) { try? await child.close() }
    }

    private final class Recorder: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart

        private let state: NIOLockedValueBox<State>
        private var head: HTTPRequestHead?
        private var body: [UInt8] = []

        init(_ state: NIOLockedValueBox<State>) { self.state = state }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch Self.unwrapInboundIn(data) {
            case .head(let head):
                self.head = head
                body = []
            case .body(let part): body += Array(buffer: part)
            case .end:
                guard let head else { return }
                let request = Request(
                    httpVersion: head.version.major, method: head.method.rawValue, path: head.uri,
                    headers: Dictionary(
                        head.headers.map { ($0.name.lowercased(), $0.value) }, uniquingKeysWith: { $1 }), body: body)
                let responder = state.withLockedValue { state in
                    state.requests.append(request)
                    return state.responder
                }
                if let answer = responder(request) { write(answer, version: head.version, context: context) }
            }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

        private func write(_ answer: Answer, version: HTTPVersion, context: ChannelHandlerContext) {
            var head = HTTPResponseHead(version: version, status: .init(statusCode: answer.status))
            for (name, value) in answer.headers { head.headers.add(name: name, value: value) }
            head.headers.replaceOrAdd(name: "content-length", value: "\(answer.body.utf8.count)")
            context.write(Self.wrapOutboundOut(.head(head)), promise: nil)
            context.write(Self.wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: answer.body)))), promise: nil)
            context.writeAndFlush(Self.wrapOutboundOut(.end(nil)), promise: nil)
        }
    }
}
