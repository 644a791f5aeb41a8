import ArgumentParser
import LocalCluster

/// `pause`
struct Pause: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Stop a server where it stands (SIGSTOP): its connections stay open, nothing answers.",
        discussion: """
            Example:
              Scripts/cluster pause n1
            """)

    @OptionGroup var state: StateOption
    @Argument(help: "n1, n2, …; also zookeeper-1, …, postgres, haproxy.", completion: .list(["n1", "n2", "n3"]))
    var node: String

    func run() async throws {
        let cluster = try state.cluster()
        let process = try await cluster.runningProcess(node)
        try await cluster.pause(node)
        print("\(node) (pid \(process.pid)) paused")
    }
}
