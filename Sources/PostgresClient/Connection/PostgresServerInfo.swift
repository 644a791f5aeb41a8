/// What a new connection knows of its server.
public struct PostgresServerInfo: Sendable, Equatable {
    /// Which connection this is.
    public var session: PostgresSessionID
    /// Host and port, or directory of the socket.
    public var endpoint: String
    /// As in `server_version_num`: 150004 is 15.4.
    public var serverVersion: Int
    /// Identifies the database cluster, copies of it included.
    public var systemIdentifier: Int64
    /// Rises with each promotion of a standby. A server on a lower timeline than one seen before has been left behind.
    public var timeline: UInt32
    /// Whether it is a standby, which cannot be written.
    public var isInRecovery: Bool
    /// Process id of the server's backend for this connection.
    public var backendPID: Int32

    /// Makes one.
    public init(
        session: PostgresSessionID, endpoint: String, serverVersion: Int, systemIdentifier: Int64, timeline: UInt32,
        isInRecovery: Bool, backendPID: Int32
    ) {
        self.session = session
        self.endpoint = endpoint
        self.serverVersion = serverVersion
        self.systemIdentifier = systemIdentifier
        self.timeline = timeline
        self.isInRecovery = isInRecovery
        self.backendPID = backendPID
    }
}
