public import SwitchboardProtocol

/// STUN and TURN servers for a user, with credentials that are good for a while. A pure function: no I/O, no clock of its own.
public protocol IceServerSource: Sendable {
    /// - Parameter wallMilliseconds: The time now, since 1970.
    func iceServers(for user: UserID, wallMilliseconds: Double) -> MintedIceServers
}

public struct MintedIceServers: Equatable, Sendable {
    public var servers: [WireIceServer]
    /// For how long the credentials are good; nil: for ever.
    public var timeToLive: Duration?

    public init(servers: [WireIceServer], timeToLive: Duration?) {
        self.servers = servers
        self.timeToLive = timeToLive
    }
}

/// The same servers for everybody, without credentials that expire.
public struct StaticIceServers: IceServerSource {
    public var servers: [WireIceServer]

    public init(_ servers: [WireIceServer] = []) {
        self.servers = servers
    }

    public func iceServers(for user: UserID, wallMilliseconds: Double) -> MintedIceServers {
        MintedIceServers(servers: servers, timeToLive: nil)
    }
}
