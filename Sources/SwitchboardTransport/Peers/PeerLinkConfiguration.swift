public import SwitchboardProtocol

/// Where and how a node links with the other nodes.
public struct PeerLinkConfiguration: Sendable {
    /// This node's incarnation.
    public var incarnation: Incarnation
    /// Name of the cluster; nodes of another cluster are refused, whatever secret they hold.
    public var cluster: String
    public var host: String
    /// 0 lets the system choose; `PeerLinkService.start` tells which.
    public var port: Int
    public var security: PeerSecurity
    /// This node's software and version, for people.
    public var software: String
    /// Feature level, told to peers.
    public var featureLevel: UInt32
    public var limits = PeerLinkLimits()

    public init(
        incarnation: Incarnation, cluster: String, host: String = "127.0.0.1", port: Int = 0, security: PeerSecurity,
        software: String = "switchboard", featureLevel: UInt32 = 1
    ) {
        self.incarnation = incarnation
        self.cluster = cluster
        self.host = host
        self.port = port
        self.security = security
        self.software = software
        self.featureLevel = featureLevel
    }
}

/// How nodes know each other for nodes of their cluster.
public enum PeerSecurity: Sendable, Equatable {
    /// Both sides prove, by HMAC-SHA256 over fresh nonces, that they hold this secret. It keeps strangers out; it does not
    /// encrypt, so it is for networks on which nobody listens or injects.
    case secret([UInt8])
    /// Both sides show a certificate that leads to the cluster's own root; everything is encrypted.
    case mutualTLS(PeerTLSFiles)
    /// Whoever reaches the port is believed. Only for one machine, and only when an operator has said so aloud.
    case insecure
}

/// Bounds and times of peer links.
public struct PeerLinkLimits: Sendable {
    /// Bytes of one frame; a peer that announces more is disconnected, a larger frame of our own is not sent.
    public var maxFrameBytes = 4 * 1024 * 1024
    /// Bytes waiting to be sent on one link; what carries clients' messages is dropped beyond.
    public var maxUnsentBytes = 8 * 1024 * 1024
    /// Room beyond `maxUnsentBytes` for internal facts (attach, detach, leading, …), which are never dropped: if it is used up, the
    /// link is closed instead, and everything is told anew on the next.
    public var factReserveBytes = 2 * 1024 * 1024
    /// Sockets accepted at a time.
    public var maxSockets = 1024
    /// A keepalive is sent when nothing else was for this long.
    public var keepaliveInterval: Duration = .seconds(1)
    /// Silence after which a link is dead.
    public var silenceTimeout: Duration = .seconds(3)
    /// For a TCP connection to be made.
    public var connectTimeout: Duration = .seconds(1)
    /// For the handshake after it.
    public var handshakeTimeout: Duration = .seconds(2)
    /// How long a lost link's peer is dialled before the loss is told without knowing whether its process is gone.
    public var lossProbeTimeout: Duration = .milliseconds(250)
    /// Between two attempts to connect: at first, and at most.
    public var backoff: (first: Duration, most: Duration) = (.milliseconds(50), .seconds(1))

    public init() {}
}
