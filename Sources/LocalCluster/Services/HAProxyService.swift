import Foundation

/// The balancer in front of the nodes as a ``Service``.
struct HAProxyService: Service {
    let directory: String
    let port: Int
    /// HAProxy's word for how a node is chosen.
    let balance: String
    let nodes: [Topology.Node]
    let lifetime: LaunchCommand.Lifetime

    var name: String { "haproxy" }
    var ports: [Int] { [port] }

    func prepare() throws -> LaunchCommand {
        let program = try Programs.find("haproxy", package: "haproxy")
        let servers = nodes.map { node in
            "    server \(node.name) 127.0.0.1:\(node.listenPort) check port \(node.internalPort)"
        }
        let config = "\(directory)/haproxy.cfg"
        try Template(named: "haproxy.cfg").render(
            [
                "BIND": "127.0.0.1:\(port)",
                "BALANCE": balance,
                "MAX_CONNECTIONS": String(Self.maxConnections),
                "SERVERS": servers.joined(separator: "\n"),
            ],
            to: config)
        return LaunchCommand(program, ["-db", "-f", config], logFile: logFile)
    }

    /// Whether it listens and at least one node behind it takes requests: it answers 503 itself otherwise.
    func isReady() async -> Bool {
        guard let answer = await LoopbackRequest.get("/", port: port) else { return false }
        return answer.status < 500
    }

    /// HAProxy wants two descriptors a connection, and refuses to start if the limit does not allow them.
    private static var maxConnections: Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1_000 }
        return min(20_000, max(100, (Int(clamping: limit.rlim_max) - 200) / 2))
    }
}
