import ArgumentParser
import Foundation
import SwitchboardNode

/// Flags that say how a node is configured, shared by the commands that read a configuration.
struct SettingsOptions: ParsableArguments {
    @Option(name: .long, help: "Configuration file (JSON); see docs/OPERATING.md for its keys.")
    var config: String?

    @Option(name: .long, help: "Address for clients.")
    var host: String?

    @Option(name: .long, help: "Port for clients; 0 lets the system choose.")
    var port: Int?

    @Option(name: .long, help: "Port for health, metrics and operators.")
    var internalPort: Int?

    @Option(name: .long, help: "SQLite file of a node without a cluster.")
    var data: String?

    @Flag(name: .long, help: "Serve the demo page and make demo tokens for localhost.")
    var demo = false

    @Option(name: .long, help: "Directory with the demo page and the browser SDK.")
    var webRoot: String?

    @Option(name: .long, help: "trace, debug, info, notice, warning or error.")
    var logLevel: String?

    @Option(name: .long, help: "STUN servers for clients: stun:HOST[:PORT],…")
    var stunUrls: String?

    @Option(name: .long, help: "TURN servers for clients: turn:HOST[:PORT][?transport=tcp],…")
    var turnUrls: String?

    @Option(name: .long, help: "File with the secret of the TURN servers (coturn: static-auth-secret).")
    var turnSecretFile: String?

    /// - Throws: `SettingsError`, which says what is wrong and what to do.
    func read() async throws -> NodeSettings {
        var flags = SettingsFlags()
        flags.configFile = config
        flags.host = host
        flags.port = port
        flags.internalPort = internalPort
        flags.data = data
        flags.demo = demo
        flags.webRoot = webRoot
        flags.logLevel = logLevel
        flags.stunURLs = stunUrls
        flags.turnURLs = turnUrls
        flags.turnSecretFile = turnSecretFile
        return try await NodeSettings.read(flags, environment: ProcessInfo.processInfo.environment)
    }
}
