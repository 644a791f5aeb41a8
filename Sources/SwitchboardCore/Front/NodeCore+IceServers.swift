import SwiftProtobuf
import SwitchboardProtocol

/// STUN and TURN servers for clients. Credentials go to connections and never into a log: they are a user's own, are made
/// when they are needed, and are worth nothing a while later.
extension NodeCore {
    /// Credentials that are younger than this are said again rather than made anew.
    private static let mintInterval: Duration = .seconds(5)
    /// A ringing device gets new ones if those that it has are older.
    private static let ringAge: Duration = .seconds(60)

    /// Makes them and remembers when; the client must be told.
    mutating func mintIceServers(_ connection: ConnectionID) -> MintedIceServers {
        guard let session = sessions[connection] else { return MintedIceServers(servers: [], timeToLive: nil) }
        let minted = configuration.iceServerSource.iceServers(
            for: session.address.user, wallMilliseconds: time.wallMilliseconds)
        sessions[connection]?.iceServers = minted
        sessions[connection]?.iceServersMinted = time.now
        if let timeToLive = minted.timeToLive {
            timers.schedule(.iceServers(connection), at: time.now + timeToLive / 2)
        }
        return minted
    }

    /// The client asks, as before an ICE restart.
    mutating func iceServersRequested(_ connection: ConnectionID) {
        guard let session = sessions[connection], let minted = session.iceServersMinted else { return }
        let age = time.now - minted
        guard age >= Self.mintInterval else { return say(session.iceServers, age: age, to: connection) }
        say(mintIceServers(connection), age: .zero, to: connection)
    }

    /// Half of their time is over.
    mutating func refreshIceServers(_ connection: ConnectionID) {
        guard let session = sessions[connection], let minted = session.iceServersMinted,
            let timeToLive = session.iceServers.timeToLive, time.now - minted >= timeToLive / 2
        else { return }
        say(mintIceServers(connection), age: .zero, to: connection)
    }

    /// A call is about to ring here.
    mutating func freshenIceServers(_ connection: ConnectionID) {
        guard let session = sessions[connection], session.iceServers.timeToLive != nil,
            let minted = session.iceServersMinted, time.now - minted >= Self.ringAge
        else { return }
        say(mintIceServers(connection), age: .zero, to: connection)
    }

    private mutating func say(_ minted: MintedIceServers, age: Duration, to connection: ConnectionID) {
        out.send(
            WireServerFrame.with {
                $0.iceServers = WireIceServers.with {
                    $0.iceServers = minted.servers
                    $0.ttlMs = minted.timeToLive.map { max(($0 - age).milliseconds, 1) } ?? 0
                }
            }, to: connection)
    }
}
