import ArgumentParser
import LocalCluster

/// `probe`
struct Probe: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make whole calls through the balancer and show how long each phase takes.",
        discussion: """
            Runs `switchboard probe` with the cluster's address and credentials; further arguments go to it as they are.

            Examples:
              Scripts/cluster probe
              Scripts/cluster probe --calls 100 --rate 10
              Scripts/cluster probe --calls 20 --json
            """)

    @OptionGroup var state: StateOption
    @Argument(parsing: .allUnrecognized, help: "Arguments of `switchboard probe`.")
    var arguments: [String] = []

    func run() async throws {
        let cluster = try state.cluster()
        var all = ["probe", "--url", cluster.webSocketURL, "--secret-file", cluster.tokenSecretFile] + arguments
        if !arguments.contains("--calls") { all += ["--calls", "20"] }
        try becomeProgram(cluster.settings.binary, all)
    }
}
