import SwiftProtobuf
public import SwitchboardCore
public import SwitchboardProtocol

/// The configured STUN and TURN servers, with credentials that are made for the user who asks.
public struct TurnCredentialSource: IceServerSource {
    private let servers: [IceServer]
    private let lifetime: Duration

    /// - Parameter lifetime: Of the credentials. They must last from here to the client's use of them; once a server has let a
    ///   client in, what it gave out goes on, whatever the credentials.
    public init(_ servers: [IceServer], lifetime: Duration) {
        self.servers = servers
        self.lifetime = lifetime
    }

    public func iceServers(for user: UserID, wallMilliseconds: Double) -> MintedIceServers {
        // Rounded up to the scheme's seconds: what is told to be good for `lifetime` is.
        let expiry = ((wallMilliseconds + lifetime.milliseconds) / 1000).rounded(.up)
        let expiresAtSeconds = Int64(exactly: min(max(expiry, 0), 1e12)) ?? 0
        var isLimited = false
        let wire = servers.map { server in
            WireIceServer.with {
                $0.urls = server.urls
                switch server.access {
                case .open: break
                case .fixed(let username, let credential): ($0.username, $0.credential) = (username, credential.text)
                case .timeLimited(let secret, _):
                    isLimited = true
                    let made = TurnCredentials(user: user, expiresAtSeconds: expiresAtSeconds, secret: secret)
                    ($0.username, $0.credential) = (made.username, made.password)
                }
            }
        }
        return MintedIceServers(servers: wire, timeToLive: isLimited ? lifetime : nil)
    }
}
