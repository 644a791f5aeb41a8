import ArgumentParser
import SwitchboardNode
import SwitchboardProbe

@main
struct SwitchboardCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "switchboard",
        abstract: "Signaling for one-to-one WebRTC calls, by a cluster that loses nothing.",
        discussion: """
            Examples:
              switchboard serve                           one node, nothing to install, demo page at http://127.0.0.1:8080
              switchboard serve --config node.json        a node of a cluster
              switchboard token --user alice --ttl 1h --secret-file jwt.secret
              switchboard probe --url ws://127.0.0.1:8080 --calls 20
            """,
        version: SwitchboardNode.version,
        subcommands: [
            Serve.self, CheckConfig.self, Migrate.self, FeatureLevelCommand.self, Token.self, TurnCredentials.self,
            PushCommand.self, Drain.self, ProbeCommand.self,
        ])
}
