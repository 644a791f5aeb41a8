/// How a local cluster runs.
public struct LocalClusterOptions: Sendable {
    /// Path of the program `switchboard`; `nil` looks where SwiftPM puts it, beside the running program.
    public var binary: String?
    /// Whether the nodes serve the demo page and make demo tokens.
    public var demo = true
    /// How a node's ZooKeeper session may stay silent before its conversations are free for others.
    public var sessionTimeout: Duration = .seconds(4)
    /// How HAProxy chooses a node: `leastconn`, `roundrobin`.
    public var balance = "leastconn"
    /// Variables set in the environment of every node.
    public var nodeEnvironment: [String: String] = [:]
    /// How the ensemble runs; its `lifetime` is replaced by ``lifetime``.
    public var zooKeeper = ZooKeeperOptions()
    /// How the database runs; its `lifetime` is replaced by ``lifetime``.
    public var postgres = PostgresOptions()
    /// What becomes of all servers when this process ends.
    public var lifetime: LaunchCommand.Lifetime = .boundToParent

    /// The defaults: demo mode, durable stores, ended with this process.
    public init() {}
}
