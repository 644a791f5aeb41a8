import ArgumentParser
import LocalCluster

/// `restart`
struct Restart: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "End a server in an orderly way, if it runs, and start it; ends when it is ready.",
        discussion: """
            A node hands its calls over before it ends (SIGTERM).

            Example:
              Scripts/cluster restart n1
            """)

    @OptionGroup var state: StateOption
    @Argument(help: "n1, n2, …; also zookeeper-1, …, postgres, haproxy.", completion: .list(["n1", "n2", "n3"]))
    var node: String

    func run() async throws {
        let cluster = try state.cluster()
        try await cluster.restart(node)
        let process = try await cluster.runningProcess(node)
        print("\(node) (pid \(process.pid)) is ready")
    }
}
