/// What a later command must know about a cluster that was brought up: kept in its state directory.
public struct ClusterSettings: Codable, Equatable, Sendable {
    /// Who listens where.
    public var topology: Topology
    /// Path of the program `switchboard`.
    public var binary: String
    /// Whether the nodes run in demo mode.
    public var demo: Bool
    /// How HAProxy chooses a node.
    public var balance: String

    /// Puts settings together.
    public init(topology: Topology, binary: String, demo: Bool = true, balance: String = "leastconn") {
        self.topology = topology
        self.binary = binary
        self.demo = demo
        self.balance = balance
    }
}
