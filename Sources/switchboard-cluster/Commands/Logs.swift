import ArgumentParser
import LocalCluster

/// `logs`
struct Logs: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what a server has said.",
        discussion: """
            Examples:
              Scripts/cluster logs n1
              Scripts/cluster logs haproxy --lines 200 --follow
            """)

    @OptionGroup var state: StateOption
    @Argument(help: "n1, n2, …; also zookeeper-1, …, postgres, haproxy.", completion: .list(["n1", "n2", "n3"]))
    var node: String
    @Option(name: [.customShort("n"), .long], help: "How many of the last lines.")
    var lines = 50
    @Flag(name: .shortAndLong, help: "Go on with what it says from now on, until Ctrl-C.")
    var follow = false

    func run() async throws {
        let file = try state.cluster().logFile(of: node)
        try becomeProgram("tail", ["-n", String(lines)] + (follow ? ["-F"] : []) + [file])
    }
}
