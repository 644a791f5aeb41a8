import Foundation

/// One Switchboard node as a ``Service``: the program `switchboard` with a configuration file of its own.
struct NodeService: Service {
    let node: Topology.Node
    let directory: String
    /// Which build it runs.
    let program: NodeProgram
    /// What its configuration takes from the rest of the cluster, by placeholder of `Cluster/node.json`.
    let shared: [String: String]
    let lifetime: LaunchCommand.Lifetime

    var name: String { node.name }
    var ports: [Int] { [node.listenPort, node.internalPort, node.peerPort] }
    /// A node hands its conversations over and sends its clients away before it ends.
    var stopPatience: Duration { .seconds(30) }

    var configFile: String { "\(directory)/node.json" }

    func prepare() throws -> LaunchCommand {
        let (binary, environment) = program.current
        guard FileManager.default.isExecutableFile(atPath: binary) else {
            throw LocalClusterError.file(
                path: binary, reason: "is not a program; build it with: swift build --product switchboard")
        }
        let own = [
            "NODE_NAME": node.name,
            "LISTEN_HOST": "127.0.0.1", "LISTEN_PORT": String(node.listenPort),
            "INTERNAL_HOST": "127.0.0.1", "INTERNAL_PORT": String(node.internalPort),
            "PEER_HOST": "127.0.0.1", "PEER_PORT": String(node.peerPort),
            "PEER_ADVERTISE": "127.0.0.1:\(node.peerPort)",
        ]
        try Template(named: "node.json").render(shared.merging(own) { $1 }, to: configFile)
        return LaunchCommand(binary, ["serve", "--config", configFile], environment: environment, logFile: logFile)
    }

    func isReady() async -> Bool {
        await LoopbackRequest.get("/health/ready", port: node.internalPort)?.status == 200
    }
}
