import ArgumentParser
import LocalCluster

/// `resume`
struct Resume: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Let a paused server go on (SIGCONT).",
        discussion: """
            Example:
              Scripts/cluster resume n1
            """)

    @OptionGroup var state: StateOption
    @Argument(help: "n1, n2, …; also zookeeper-1, …, postgres, haproxy.", completion: .list(["n1", "n2", "n3"]))
    var node: String

    func run() async throws {
        let cluster = try state.cluster()
        let process = try await cluster.runningProcess(node)
        try await cluster.resume(node)
        print("\(node) (pid \(process.pid)) resumed")
    }
}
