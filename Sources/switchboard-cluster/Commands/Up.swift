import ArgumentParser
import Foundation
import LocalCluster

/// `up`
struct Up: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Bring the cluster up; what runs already stays as it is.",
        discussion: """
            Ends when everything is ready. Without options, a cluster that was up before comes up as it was.

            Examples:
              Scripts/cluster up
              Scripts/cluster up --port 9000 --base-port 9100 --nodes 5
            """)

    @OptionGroup var state: StateOption
    @Option(help: "Port of the balancer, where clients go (default: 8080).")
    var port: Int?
    @Option(help: "First of 100 ports for everything behind it (default: 8100).")
    var basePort: Int?
    @Option(help: "Number of nodes, 1 to 9 (default: 3).")
    var nodes: Int?
    @Option(help: "Number of ZooKeeper servers, 1 to 9 (default: 3).")
    var zookeepers: Int?
    @Option(help: "The program switchboard (default: the one built beside this one).")
    var binary: String?
    @Option(help: "How HAProxy chooses a node: leastconn or roundrobin (default: leastconn).")
    var balance: Balance?
    @Flag(inversion: .prefixedNo, help: "Whether the nodes serve the demo page and make demo tokens (default: yes).")
    var demo: Bool?

    enum Balance: String, ExpressibleByArgument, CaseIterable {
        case leastconn, roundrobin
    }

    func run() async throws {
        let saved = try LocalCluster.savedSettings(in: state.directory)
        let wanted = try settings(over: saved)
        if let saved, saved != wanted {
            let running = try await LocalCluster.existing(in: state.directory).status().contains { $0.pid != nil }
            if running {
                throw LocalClusterError.failed("the cluster is up with other settings; first: Scripts/cluster down")
            }
        }
        let cluster = try LocalCluster(detached: wanted, directory: state.directory, progress: Console.progress)
        try await cluster.up()
        print(
            """

            The cluster is ready: \(cluster.url)
            Open it in two tabs, pick a name in each, and call one from the other.

            Next things to try:
              Scripts/cluster probe --calls 20     make calls, see how long each phase takes
              Scripts/cluster status               what runs, on which ports
              Scripts/cluster leader CALL_ID       which node leads a call (the page shows its id)
              Scripts/cluster kill n1              kill a node; its calls go on (then: restart n1)
              Scripts/cluster logs n1 --follow     what a node says
              Scripts/cluster down                 end everything
            """)
    }

    /// What was asked for, over what was up before, over the defaults.
    private func settings(over saved: ClusterSettings?) throws -> ClusterSettings {
        let asksForTopology = port != nil || basePort != nil || nodes != nil || zookeepers != nil
        let topology =
            if let saved, !asksForTopology {
                saved.topology
            } else {
                try Topology.fixed(
                    balancerPort: port ?? 8080, basePort: basePort ?? 8100, nodes: nodes ?? 3,
                    zooKeepers: zookeepers ?? 3)
            }
        return ClusterSettings(
            topology: topology,
            binary: binary ?? savedBinary(saved) ?? BuildProducts.node,
            demo: demo ?? saved?.demo ?? true,
            balance: balance?.rawValue ?? saved?.balance ?? Balance.leastconn.rawValue)
    }

    /// The program of last time, if it is still there.
    private func savedBinary(_ saved: ClusterSettings?) -> String? {
        saved.flatMap { FileManager.default.isExecutableFile(atPath: $0.binary) ? $0.binary : nil }
    }
}
