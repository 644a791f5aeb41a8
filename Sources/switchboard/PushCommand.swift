import ArgumentParser
import Foundation
import SwitchboardNode

struct PushCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "push",
        abstract: "Keys for pushes, and pushes that were given up.",
        discussion: """
            docs/PUSH.md tells how each provider is set up.

            Examples:
              switchboard push vapid-keys --out /etc/switchboard/vapid.pem
              switchboard push dead-letters --config /etc/switchboard/node.json
            """,
        subcommands: [VAPIDKeysCommand.self, DeadLettersCommand.self])
}

struct VAPIDKeysCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vapid-keys",
        abstract: "Make a key pair for Web Push (VAPID).",
        discussion: """
            Writes the private key into a file, readable for its owner only, and prints the public key, which the nodes hand
            to browsers. All nodes of a cluster have the same file as push.webPush.keyFile.

            Example:
              switchboard push vapid-keys --out /etc/switchboard/vapid.pem
            """)

    @Option(name: .long, help: "The file to make; it must not exist yet.")
    var out: String

    func run() throws {
        print(try VAPIDKeyMaker.make(file: out))
    }
}

struct DeadLettersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dead-letters",
        abstract: "List pushes that were given up.",
        discussion: """
            Asks the node with this configuration by its internal port. In a cluster any node answers for all. They are kept
            for a day, newest first.

            Examples:
              switchboard push dead-letters
              switchboard push dead-letters --config /etc/switchboard/node.json --limit 20 --json
            """)

    @OptionGroup var options: SettingsOptions

    @Option(name: .long, help: "How many at most, 1 to 1000.")
    var limit = 100

    @Flag(name: .long, help: "Print JSON.")
    var json = false

    func run() async throws {
        guard (1...DeadLetters.maximum).contains(limit) else {
            throw ValidationError("--limit must be 1 to \(DeadLetters.maximum)")
        }
        let letters = try await DeadLetters.ask(try await options.read(), limit: limit)
        print(json ? try letters.json() : letters.text)
    }
}
