import NIOCore
import NIOHTTP1
import NIOWebSocket
import SwitchboardProtocol

/// Sets up the pipeline of an accepted socket: HTTP first, the WebSocket after a successful upgrade.
struct FrontPipeline: Sendable {
    let path: String
    let http: HTTPLimits
    let registry: ConnectionRegistry
    let responder: FrontResponder
    let maxFrameBytes: Int
    let loops: [NIOLoopBoundBox<LoopConnections>]

    func configure(_ channel: any Channel) throws {
        let requests = HTTPRequestHandler(responder: responder, limits: http)
        let boundRequests = NIOLoopBound(requests, eventLoop: channel.eventLoop)
        let upgrader = NIOWebSocketServerUpgrader(
            maxFrameSize: maxFrameBytes, automaticErrorHandling: false,
            shouldUpgrade: { channel, head in
                channel.eventLoop.makeSucceededFuture(headers(answering: head))
            },
            upgradePipelineHandler: { channel, head in
                channel.eventLoop.makeCompletedFuture { try addConnection(to: channel, head) }
            })
        try channel.pipeline.syncOperations.configureHTTPServerPipeline(
            withServerUpgrade: (
                upgraders: [upgrader],
                completionHandler: { context in
                    context.pipeline.syncOperations.removeHandler(boundRequests.value, promise: nil)
                }
            ),
            withEncoderConfiguration: .init(), withDecoderLimitConfiguration: http.decoderLimits)
        try channel.pipeline.syncOperations.addHandler(requests)
    }

    /// The headers of the 101 answer; nil leaves the request to the responder, which explains the refusal.
    private func headers(answering head: HTTPRequestHead) -> HTTPHeaders? {
        subprotocol(of: head).map { ["Sec-WebSocket-Protocol": $0.rawValue] }
    }

    private func subprotocol(of head: HTTPRequestHead) -> Subprotocol? {
        guard head.uri.prefix(while: { $0 != "?" }) == path else { return nil }
        return try? UpgradeRequest.check(
            method: head.method.rawValue, header: { head.headers[$0] }, hasRoom: registry.hasRoom)
    }

    private func addConnection(to channel: any Channel, _ head: HTTPRequestHead) throws {
        guard
            let loop = loops.first(where: { $0.eventLoop === channel.eventLoop }),
            let offered = Subprotocol.negotiate(
                offered: head.headers[canonicalForm: "sec-websocket-protocol"].map(String.init))
        else { throw ChannelError.operationUnsupported }
        let info = ConnectionInfo(
            subprotocol: offered, remoteAddress: channel.remoteAddress?.ipAddress ?? "",
            host: head.headers.first(name: "host") ?? "", origin: head.headers.first(name: "origin"),
            hasForwardedHeaders: head.headers.contains(name: "forwarded")
                || head.headers.contains(name: "x-forwarded-for"))
        try channel.pipeline.syncOperations.addHandler(
            WebSocketConnectionHandler(connections: loop.value, info: info))
    }
}

extension HTTPLimits {
    var decoderLimits: NIOHTTPDecoderLimitConfiguration {
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = maxHeaderBytes
        limits.maxHeaderListSize = maxHeaderBytes
        limits.maxHeaderFieldCount = maxHeaderFields
        return limits
    }
}
