import ArgumentParser
import SwitchboardNode

struct CheckConfig: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check-config",
        abstract: "Check a configuration and say what a node would do with it.",
        discussion: """
            Reads flags, environment and file as `serve` does, connects to nothing, and exits non-zero with every problem named.

            Example:
              switchboard check-config --config /etc/switchboard/node.json
            """)

    @OptionGroup var options: SettingsOptions

    func run() async throws {
        let settings = try await options.read()
        print("The configuration is good.\n\n\(settings.summary)")
    }
}
