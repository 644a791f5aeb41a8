/// Which servers a local cluster has, and on which ports of 127.0.0.1 they listen.
public struct Topology: Codable, Equatable, Sendable {
    /// One Switchboard node.
    public struct Node: Codable, Equatable, Sendable {
        /// `n1`, `n2`, …
        public let name: String
        /// Clients' WebSockets, the demo page.
        public let listenPort: Int
        /// Health, metrics and questions of operators.
        public let internalPort: Int
        /// Links of other nodes.
        public let peerPort: Int
    }

    /// The balancer's port: where clients go.
    public let balancerPort: Int
    /// The nodes.
    public let nodes: [Node]
    /// PostgreSQL's port.
    public let postgresPort: Int
    /// Three for each ZooKeeper server: client, peer and election port.
    public let zooKeeperPorts: [Int]

    /// Number of ZooKeeper servers.
    public var zooKeeperCount: Int { zooKeeperPorts.count / 3 }

    /// All ports of one cluster in a row of 100 from `basePort` on, so that an operator can guess them.
    ///
    /// - Throws: ``LocalClusterError/failed(_:)`` for numbers that do not fit.
    public static func fixed(
        balancerPort: Int = 8080, basePort: Int = 8100, nodes: Int = 3, zooKeepers: Int = 3
    ) throws -> Topology {
        guard (1...9).contains(nodes), (1...9).contains(zooKeepers) else {
            throw LocalClusterError.failed("a local cluster has 1 to 9 nodes and 1 to 9 ZooKeeper servers")
        }
        guard (1...65_535).contains(balancerPort), (1024...65_435).contains(basePort) else {
            throw LocalClusterError.failed("ports lie between 1 and 65535, the base port between 1024 and 65435")
        }
        guard !(basePort..<basePort + 100).contains(balancerPort) else {
            throw LocalClusterError.failed("port \(balancerPort) lies in the 100 from base port \(basePort) on")
        }
        let rows = (1...nodes).map { index in
            let port = basePort + index
            return Node(name: "n\(index)", listenPort: port, internalPort: port + 10, peerPort: port + 20)
        }
        let zooKeeperPorts = (1...zooKeepers).flatMap { index -> [Int] in
            let port = basePort + 40 + index
            return [port, port + 10, port + 20]
        }
        return Topology(
            balancerPort: balancerPort, nodes: rows, postgresPort: basePort + 30, zooKeeperPorts: zooKeeperPorts)
    }

    /// Ports that are free now and kept for this process: for tests, many at once on one machine.
    public static func free(nodes: Int = 3, zooKeepers: Int = 3) throws -> Topology {
        Topology(
            balancerPort: try FreePorts.one(),
            nodes: try (1...max(1, nodes)).map { index in
                let ports = try FreePorts.take(3)
                return Node(name: "n\(index)", listenPort: ports[0], internalPort: ports[1], peerPort: ports[2])
            },
            postgresPort: try FreePorts.one(),
            zooKeeperPorts: try FreePorts.take(3 * max(1, zooKeepers)))
    }
}
