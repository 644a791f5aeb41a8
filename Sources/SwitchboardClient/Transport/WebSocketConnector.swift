import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import NIOWebSocket
import SwitchboardProtocol

/// Opens WebSockets with Switchboard's subprotocols.
struct WebSocketConnector: Sendable {
    let endpoint: ServerEndpoint
    let subprotocol: Subprotocol
    /// The largest message from the server, whole or in fragments.
    let maximumMessageBytes: Int
    let timeout: Duration
    /// nil for `ws:`.
    let tls: NIOSSLContext?
    /// The address to connect from; nil: the system's choice.
    let localAddress: SocketAddress?

    /// Fails if the peer cannot be reached in time, is no WebSocket server, or does not choose our subprotocol.
    func connect(on eventLoop: any EventLoop, handler: WebSocketHandler) -> EventLoopFuture<any Channel> {
        let upgraded = eventLoop.makePromise(of: (any Channel).self)
        let boundHandler = NIOLoopBound(handler, eventLoop: eventLoop)
        var bootstrap = ClientBootstrap(group: eventLoop)
            .connectTimeout(TimeAmount(timeout))
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try addTLS(to: channel)
                    let result = try channel.pipeline.syncOperations.configureUpgradableHTTPClientPipeline(
                        configuration: .init(upgradeConfiguration: upgradeConfiguration(handler: boundHandler)))
                    result.cascade(to: upgraded)
                }
            }
        if let localAddress {
            bootstrap = bootstrap.bind(to: localAddress)
        }
        let connected = bootstrap.connect(host: endpoint.host, port: endpoint.port)
        connected.whenFailure { upgraded.fail($0) }
        // A peer that takes the connection and then says nothing.
        let deadline = eventLoop.scheduleTask(in: TimeAmount(timeout)) {
            upgraded.fail(WebSocketConnectError.timedOut)
            connected.whenSuccess { $0.close(promise: nil) }
        }
        upgraded.futureResult.whenComplete { result in
            deadline.cancel()
            if case .failure = result { connected.whenSuccess { $0.close(promise: nil) } }
        }
        return upgraded.futureResult
    }

    private func addTLS(to channel: any Channel) throws {
        guard let tls else { return }
        // A server name indication must be a name (RFC 6066 §3).
        let isAddress = (try? SocketAddress(ipAddress: endpoint.host, port: 0)) != nil
        let handler = try NIOSSLClientHandler(context: tls, serverHostname: isAddress ? nil : endpoint.host)
        try channel.pipeline.syncOperations.addHandler(handler)
    }

    private func upgradeConfiguration(
        handler: NIOLoopBound<WebSocketHandler>
    ) -> NIOTypedHTTPClientUpgradeConfiguration<any Channel> {
        let upgrader = NIOTypedWebSocketClientUpgrader<any Channel>(
            maxFrameSize: maximumMessageBytes,
            upgradePipelineHandler: { channel, response in
                channel.eventLoop.makeCompletedFuture {
                    guard response.headers.first(name: "Sec-WebSocket-Protocol") == subprotocol.rawValue else {
                        throw WebSocketConnectError.subprotocolRefused
                    }
                    let aggregator = NIOWebSocketFrameAggregator(
                        minNonFinalFragmentSize: 1, maxAccumulatedFrameCount: 1024,
                        maxAccumulatedFrameSize: maximumMessageBytes)
                    try channel.pipeline.syncOperations.addHandlers([aggregator, handler.value])
                    return channel
                }
            })
        var head = HTTPRequestHead(version: .http1_1, method: .GET, uri: endpoint.path)
        head.headers = ["Host": endpoint.authority, "Sec-WebSocket-Protocol": subprotocol.rawValue]
        return NIOTypedHTTPClientUpgradeConfiguration(
            upgradeRequestHead: head,
            upgraders: [upgrader],
            notUpgradingCompletionHandler: { channel in
                channel.eventLoop.makeFailedFuture(WebSocketConnectError.notUpgraded)
            })
    }
}

/// Why no WebSocket could be opened, beyond what the system says.
enum WebSocketConnectError: Error, CustomStringConvertible {
    case timedOut
    case notUpgraded
    case subprotocolRefused

    var description: String {
        switch self {
        case .timedOut: "the server did not complete the WebSocket handshake in time"
        case .notUpgraded: "the server refused the WebSocket handshake; is the URL right, and the node ready?"
        case .subprotocolRefused: "the server did not choose our subprotocol; is it a Switchboard node?"
        }
    }
}
