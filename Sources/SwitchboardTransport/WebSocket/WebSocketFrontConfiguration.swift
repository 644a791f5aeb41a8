/// Where and within what limits a node serves its clients.
public struct WebSocketFrontConfiguration: Sendable {
    public var host: String
    /// 0 lets the system choose; `WebSocketFront.start` tells which.
    public var port: Int
    /// nil: plain HTTP and WebSocket, for a balancer that terminates TLS, or for localhost.
    public var tls: TLSFiles?
    /// The path of the WebSocket; all others go to the HTTP responder.
    public var path = "/v1/connect"
    public var limits = WebSocketLimits()
    public var http = HTTPLimits()

    public init(host: String = "127.0.0.1", port: Int = 8080, tls: TLSFiles? = nil) {
        self.host = host
        self.port = port
        self.tls = tls
    }
}

/// What connections may cost a node. Everything beyond is refused, slowed down or closed, by name.
public struct WebSocketLimits: Sendable {
    /// Length of the kernel's queue of connections not accepted yet.
    public var backlog = 1024
    /// WebSockets at a time; one more is answered 503 `too_many_connections`.
    public var maxConnections = 50_000
    /// Sockets that speak HTTP only, or nothing yet, beside the WebSockets; one more is closed at once.
    public var maxPlainSockets = 1024
    /// Bytes of one message, fragments summed up; more closes with 1009.
    public var maxMessageBytes = 64 * 1024
    /// Fragments of one message; more closes with 1009, for empty fragments cost too.
    public var maxFragments = 64
    /// Time from the upgrade to the first frame; then close code 4002.
    public var helloTimeout: Duration = .seconds(5)
    /// Bytes waiting to be sent to one client; more closes with 4000.
    public var maxUnsentBytes = 1024 * 1024
    /// Sustained messages per second of one client, control frames included. Beyond it the node reads more slowly.
    public var messagesPerSecond = 500
    /// Messages that may come at once.
    public var messageBurst = 1000
    /// Between two WebSocket pings.
    public var pingInterval: Duration = .seconds(25)
    /// Between two pings of a connection for which `setPingInterval(_:fast:)` said `true`: its call is being set up.
    public var fastPingInterval: Duration = .seconds(5)
    /// Pings in a row without a sign of life after which the connection is closed with 4001.
    public var maxMissedPings = 2
    /// Time for the client to answer a close frame before its socket is closed.
    public var closeTimeout: Duration = .seconds(2)

    public init() {}
}
