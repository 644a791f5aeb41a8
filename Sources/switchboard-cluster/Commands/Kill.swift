import ArgumentParser
import LocalCluster

/// `kill`
struct Kill: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Kill a server (kill -9); the others go on.",
        discussion: """
            Examples:
              Scripts/cluster kill n1
              Scripts/cluster kill zookeeper-2
            """)

    @OptionGroup var state: StateOption
    @Argument(help: "n1, n2, …; also zookeeper-1, …, postgres, haproxy.", completion: .list(["n1", "n2", "n3"]))
    var node: String

    func run() async throws {
        let cluster = try state.cluster()
        let process = try await cluster.runningProcess(node)
        try await cluster.kill(node)
        print("\(node) (pid \(process.pid)) killed")
    }
}
