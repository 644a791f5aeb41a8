public import Foundation
import SwiftProtobuf
import SwitchboardCore
import SwitchboardProtocol

/// `switchboard turn-credentials`.
public enum IceServersText {
    /// What a client of this user would get, as JSON in the form of the `iceServers` frame.
    ///
    /// - Parameter lifetime: In seconds; nil: as configured.
    /// - Throws: `SettingsError` if the user's name is one that no node takes, or no TURN server has a secret.
    public static func make(user: String, lifetime: TimeInterval?, settings: NodeSettings) throws(SettingsError)
        -> String
    {
        guard let user = UserID(user) else {
            throw SettingsError(["--user is no name that a node takes. \(ErrorName.invalidIdentifier.advice)"])
        }
        let source = TurnCredentialSource(
            settings.iceServers, lifetime: lifetime.map { .seconds($0) } ?? settings.turnCredentialLifetime)
        let minted = source.iceServers(for: user, wallMilliseconds: Date().timeIntervalSince1970 * 1000)
        guard let timeToLive = minted.timeToLive else {
            throw SettingsError(["no TURN server shares a secret with this node; set turn.urls and turn.secretFile"])
        }
        let frame = WireIceServers.with {
            $0.iceServers = minted.servers
            $0.ttlMs = timeToLive.milliseconds
        }
        var options = JSONEncodingOptions()
        options.useDeterministicOrdering = true
        guard let text = try? frame.jsonString(options: options) else {
            throw SettingsError(["the credentials can't be written as JSON"])
        }
        return text
    }
}
