import Logging

/// How a client reaches the ensemble, and its bounds.
public struct ZooKeeperConfiguration: Sendable {
    /// Host and port of every server, separated by commas, and after them perhaps the path of the node that serves as this
    /// client's root: `zk1:2181,zk2:2181,zk3:2181/switchboard`. That node must exist; without it every request fails with
    /// ``ZooKeeperError/noNode``.
    public var hosts: String

    /// How long the ensemble keeps the session, with its ephemeral nodes, without a word from this client.
    /// The servers confine it to between 2 and 20 of their ticks.
    public var sessionTimeout: Duration

    /// How many requests may wait for an answer; the next is refused with ``ZooKeeperError/overloaded``.
    public var maximumRequestsInFlight: Int

    /// How large a request may be, all its paths and data together. A server drops the connection, and all that is in flight
    /// on it, when a packet exceeds its `jute.maxbuffer`, by default 1,048,575 bytes.
    public var maximumRequestBytes: Int

    /// How often the names in ``hosts`` are resolved again while all goes well; after a lost connection they are at once.
    public var hostResolutionInterval: Duration

    /// Where the warnings of the C library go. The library does not tell which client a line is about, so all clients of a
    /// process write to the logger of the one made last.
    public var logger: Logger

    /// A configuration with defaults for everything but the servers.
    public init(
        hosts: String,
        sessionTimeout: Duration = .seconds(6),
        maximumRequestsInFlight: Int = 10_000,
        maximumRequestBytes: Int = 1_000_000,
        hostResolutionInterval: Duration = .seconds(60),
        logger: Logger = Logger(label: "zookeeper")
    ) {
        self.hosts = hosts
        self.sessionTimeout = sessionTimeout
        self.maximumRequestsInFlight = maximumRequestsInFlight
        self.maximumRequestBytes = maximumRequestBytes
        self.hostResolutionInterval = hostResolutionInterval
        self.logger = logger
    }
}

extension Duration {
    /// Whole milliseconds for C, at least one.
    var clampedMilliseconds: Int32 {
        let milliseconds = self / .milliseconds(1)
        return Int32(Swift.min(Swift.max(milliseconds, 1), Double(Int32.max)))
    }
}
