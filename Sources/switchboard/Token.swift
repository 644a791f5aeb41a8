import ArgumentParser
import Foundation
import SwitchboardNode

struct Token: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make a token for a user.",
        discussion: """
            Signs with HS256 by the secret that the nodes have as auth.secretFile. The token goes to standard output and
            nowhere else.

            Examples:
              switchboard token --user alice --ttl 1h --secret-file /etc/switchboard/jwt.secret
              switchboard token --user alice --config /etc/switchboard/node.json
            """)

    @Option(name: .long, help: "The user; becomes `sub`.")
    var user: String

    @Option(name: .long, help: "How long it is valid: 30s, 15m, 1h, 7d.")
    var ttl: String = "1h"

    @Option(name: .long, help: "File with the secret.")
    var secretFile: String?

    @Option(name: .long, help: "Configuration file to take auth.secretFile from.")
    var config: String?

    func run() async throws {
        guard let lifetime = Self.seconds(ttl) else {
            throw ValidationError("--ttl \(ttl) is no time; write 30s, 15m, 1h or 7d")
        }
        print(try await TokenMaker.make(user: user, lifetime: lifetime, secretFile: secretFile, configFile: config))
    }

    static func seconds(_ text: String) -> TimeInterval? {
        guard let unit = text.last, let number = Double(text.dropLast()), number > 0, number < 1e6 else { return nil }
        switch unit {
        case "s": return number
        case "m": return number * 60
        case "h": return number * 3600
        case "d": return number * 86_400
        default: return nil
        }
    }
}
