/// How a local ensemble runs.
public struct ZooKeeperOptions: Sendable {
    /// ZooKeeper's unit of time; a session's timeout is between 2 and 20 of it.
    public var tick: Duration = .milliseconds(500)
    /// Whether a write waits for the disk. Off is faster, and loses what a power cut would lose.
    public var forceSync = true
    /// Options of the Java machine.
    public var jvmFlags = ["-Xmx256m", "-XX:+UseSerialGC"]
    /// What becomes of the servers when we end.
    public var lifetime: LaunchCommand.Lifetime = .boundToParent

    /// The defaults: half a second a tick, durable writes, 256 MB a server, ended with this process.
    public init() {}
}
