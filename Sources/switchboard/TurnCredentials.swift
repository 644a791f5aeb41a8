import ArgumentParser
import Foundation
import SwitchboardNode

struct TurnCredentials: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "turn-credentials",
        abstract: "Make ICE servers for a user, with credentials for the TURN servers, to try them out.",
        discussion: """
            Prints as JSON what a client of that user gets from a node: names and passwords that the TURN servers take until
            they expire, signed by the secret that nodes and TURN servers share. They go to standard output and nowhere else.

            Examples:
              switchboard turn-credentials --user alice --config /etc/switchboard/node.json
              switchboard turn-credentials --user alice --ttl 10m --turn-urls turn:127.0.0.1 --turn-secret-file turn.secret
            """)

    @Option(name: .long, help: "The user; becomes a part of the name.")
    var user: String

    @Option(name: .long, help: "How long they are good: 30s, 15m, 1h, 7d; else as turn.credentialLifetimeMs says.")
    var ttl: String?

    @OptionGroup var options: SettingsOptions

    func run() async throws {
        let lifetime = try ttl.map { text in
            guard let lifetime = Token.seconds(text) else {
                throw ValidationError("--ttl \(text) is no time; write 30s, 15m, 1h or 7d")
            }
            return lifetime
        }
        print(try IceServersText.make(user: user, lifetime: lifetime, settings: try await options.read()))
    }
}
