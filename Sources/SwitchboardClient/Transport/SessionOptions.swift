import NIOSSL
public import SwitchboardProtocol

/// What a `SessionDriver` needs to know.
public struct SessionOptions: Sendable {
    public var endpoint: ServerEndpoint
    /// Stable over reconnects, and over restarts where the outbox is. nil: the one that the storage keeps, which is drawn
    /// at random together with the outbox.
    public var device: DeviceID?
    public var token: TokenSource
    public var configuration = SessionConfiguration()
    public var storage: any OutboxStorage = MemoryOutboxStorage()
    /// For `wss:`: a PEM file with the certificates to trust instead of the system's.
    public var trustedCertificatesFile: String?
    /// The IP address to connect from; nil: the system's choice.
    public var localAddress: String?
    /// The largest message taken from the server, in bytes.
    public var maximumReceivedBytes = 1 << 20

    public init(endpoint: ServerEndpoint, device: DeviceID? = nil, token: TokenSource) {
        self.endpoint = endpoint
        self.device = device
        self.token = token
    }

    func makeTLSContext() throws -> NIOSSLContext? {
        guard endpoint.isSecure else { return nil }
        var configuration = TLSConfiguration.makeClientConfiguration()
        if let trustedCertificatesFile { configuration.trustRoots = .file(trustedCertificatesFile) }
        return try NIOSSLContext(configuration: configuration)
    }
}
