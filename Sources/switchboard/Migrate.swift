import ArgumentParser
import SwitchboardNode

struct Migrate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Bring the database's schema up to date.",
        discussion: """
            Nodes do it at their start as well; run it by hand before an upgrade if the nodes' role may not change the
            schema. It may run any number of times, beside running nodes.

            Example:
              switchboard migrate --config /etc/switchboard/node.json
            """)

    @OptionGroup var options: SettingsOptions

    func run() async throws {
        print(try await Migration.run(try await options.read()))
    }
}
