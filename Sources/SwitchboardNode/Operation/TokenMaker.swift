public import Foundation
import SwitchboardProtocol

/// `switchboard token`.
public enum TokenMaker {
    /// - Throws: `SettingsError` if there is no usable secret, or the user's name is one that no node takes.
    public static func make(user: String, lifetime: TimeInterval, secretFile: String?, configFile: String?)
        async throws -> String
    {
        guard UserID(user) != nil else {
            throw SettingsError(["--user is no name that a node takes. \(ErrorName.invalidIdentifier.advice)"])
        }
        var flags = SettingsFlags()
        flags.configFile = configFile
        var environment = ProcessInfo.processInfo.environment
        if let secretFile { environment["AUTH_SECRET_FILE"] = secretFile }
        guard secretFile != nil || configFile != nil || environment["AUTH_SECRET_FILE"] != nil else {
            throw SettingsError(["--secret-file or --config must say where the secret is"])
        }
        let settings = try await NodeSettings.read(flags, environment: environment)
        guard case .secret = settings.tokens else {
            throw SettingsError(["auth.keyFile holds a public key, which can't sign; sign where the private key is"])
        }
        return try await TokenVerifier(settings.tokens)
            .make(user: user, expires: Date(timeIntervalSinceNow: lifetime), isDemo: false)
    }
}
