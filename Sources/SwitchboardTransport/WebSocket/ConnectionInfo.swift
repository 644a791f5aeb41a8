public import SwitchboardProtocol

/// What is known of a client before its first frame.
public struct ConnectionInfo: Sendable, Equatable {
    public var subprotocol: Subprotocol
    /// Address of the TCP peer, without port; a balancer's if there is one.
    public var remoteAddress: String
    /// The `Host` header; empty if there was none.
    public var host: String
    /// The `Origin` header, which browsers send.
    public var origin: String?
    /// True if a proxy says that it forwards for somebody else.
    public var hasForwardedHeaders: Bool

    public init(
        subprotocol: Subprotocol, remoteAddress: String, host: String, origin: String?, hasForwardedHeaders: Bool
    ) {
        self.subprotocol = subprotocol
        self.remoteAddress = remoteAddress
        self.host = host
        self.origin = origin
        self.hasForwardedHeaders = hasForwardedHeaders
    }
}
