import ArgumentParser
import SwitchboardNode

struct FeatureLevelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "feature-level",
        abstract: "Show or raise the level at which the cluster writes.",
        discussion: """
            Nodes of two releases can run side by side, because all write only what the older one can read too: that is the
            cluster's feature level, which its database keeps. After an update, when the last older node is gone for good,
            raise it to have what the new release brings. A new database begins at the level of the release that made it.

            Examples:
              switchboard feature-level --config /etc/switchboard/node.json
              switchboard feature-level raise 2 --config /etc/switchboard/node.json
            """,
        subcommands: [Show.self, Raise.self], defaultSubcommand: Show.self)

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show the cluster's level, and the highest that this program knows.")

        @OptionGroup var options: SettingsOptions

        func run() async throws {
            print(try await FeatureLevelChange.show(try await options.read()))
        }
    }

    struct Raise: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Raise the cluster's level; there is no way back.",
            discussion: """
                All nodes must run this release, and none may run an older one again: it could not read what the others write.

                Example:
                  switchboard feature-level raise 2 --config /etc/switchboard/node.json
                """)

        @Argument(help: "The level.")
        var level: UInt32

        @OptionGroup var options: SettingsOptions

        func run() async throws {
            print(try await FeatureLevelChange.raise(to: level, try await options.read()))
        }
    }
}
