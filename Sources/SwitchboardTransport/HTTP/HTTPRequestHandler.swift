import NIOCore
import NIOHTTP1
import NIOWebSocket

/// The last handler of an HTTP connection: gathers a request, asks the responder, writes the response.
///
/// It stands behind NIO's pipelining handler, so that requests come one at a time. All state belongs to the channel's event loop.
final class HTTPRequestHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private enum State {
        case idle
        case gathering(HTTPRequestHead, ByteBuffer)
        /// The body was too large: the rest is thrown away, the connection closes after the response.
        case discarding
        case responding
    }

    private let responder: any HTTPResponder
    private let limits: HTTPLimits
    private var state = State.idle
    private var deadline: Scheduled<Void>?

    init(responder: any HTTPResponder, limits: HTTPLimits) {
        self.responder = responder
        self.limits = limits
    }

    func handlerAdded(context: ChannelHandlerContext) {
        startDeadline(context)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        deadline?.cancel()
        deadline = nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        deadline?.cancel()
        deadline = nil
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch (Self.unwrapInboundIn(data), state) {
        case (.head(let head), .idle):
            state = .gathering(head, ByteBuffer())
        case (.body(var part), .gathering(let head, var body)):
            guard body.readableBytes + part.readableBytes <= limits.maxBodyBytes else {
                state = .discarding
                write(.bodyTooLarge, answering: head, keepAlive: false, context: context)
                return
            }
            state = .idle  // Gives up the buffer, so that appending does not copy it.
            body.writeBuffer(&part)
            state = .gathering(head, body)
        case (.end, .gathering(let head, let body)):
            state = .responding
            deadline?.cancel()
            respond(to: head, body: body, context: context)
        default:
            break
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A refused upgrade is answered as an ordinary request; NIO reports it besides as an error.
        if error is NIOWebSocketUpgradeError { return }
        context.close(promise: nil)
    }

    private func respond(to head: HTTPRequestHead, body: ByteBuffer, context: ChannelHandlerContext) {
        guard let request = HTTPRequest(head, body: body, remoteAddress: context.remoteAddress) else {
            write(.badRequest, answering: head, keepAlive: false, context: context)
            return
        }
        // After an upgrade request NIO's decoder parses no further, so the connection cannot carry another request.
        let keepAlive = head.isKeepAlive && !head.headers.contains(name: "upgrade")
        let handler = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let eventLoop = context.eventLoop
        let responder = responder
        Task {
            let response = await responder.respond(to: request)
            eventLoop.execute {
                let (handler, context) = handler.value
                handler.write(response, answering: head, keepAlive: keepAlive, context: context)
            }
        }
    }

    private func write(
        _ response: HTTPResponse, answering request: HTTPRequestHead, keepAlive: Bool, context: ChannelHandlerContext
    ) {
        guard context.channel.isActive else { return }
        var head = HTTPResponseHead(version: .http1_1, status: .init(statusCode: response.status))
        for field in response.headers.fields { head.headers.add(name: field.name, value: field.value) }
        if response.status != 304 {
            head.headers.replaceOrAdd(name: "content-length", value: String(response.body.count))
        }
        if !keepAlive { head.headers.replaceOrAdd(name: "connection", value: "close") }
        context.write(Self.wrapOutboundOut(.head(head)), promise: nil)
        if request.method != .HEAD, !response.body.isEmpty {
            context.write(Self.wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: response.body)))), promise: nil)
        }
        if keepAlive {
            // Before the end is written, for that lets the next pipelined request in.
            state = .idle
            startDeadline(context)
            context.writeAndFlush(Self.wrapOutboundOut(.end(nil)), promise: nil)
        } else {
            let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
            context.writeAndFlush(Self.wrapOutboundOut(.end(nil))).whenComplete { _ in
                bound.value.close(promise: nil)
            }
        }
    }

    private func startDeadline(_ context: ChannelHandlerContext) {
        deadline?.cancel()
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        deadline = context.eventLoop.scheduleTask(in: TimeAmount(limits.requestTimeout)) {
            bound.value.close(promise: nil)
        }
    }
}

extension HTTPRequest {
    /// nil if the target is not a path, or not validly percent-encoded.
    init?(_ head: HTTPRequestHead, body: ByteBuffer, remoteAddress: SocketAddress?) {
        let parts = head.uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, first.hasPrefix("/"), let path = PercentEncoding.decode(first) else {
            return nil
        }
        var headers = HTTPHeaderFields()
        for (name, value) in head.headers { headers.append(name, value) }
        self.init(
            method: head.method.rawValue, path: path, query: parts.count > 1 ? String(parts[1]) : "", headers: headers,
            body: Array(buffer: body), remoteAddress: remoteAddress?.ipAddress ?? "")
    }
}
