public import Logging
public import SwitchboardCore
public import SwitchboardProtocol

/// How a node coordinates through ZooKeeper, and the bounds.
public struct ZooKeeperCoordinatorConfiguration: Sendable {
    /// Host and port of every server, separated by commas.
    public var hosts: String
    /// The node below which everything is kept, as `/switchboard`; made if it is missing. Empty: the top.
    public var root: String
    /// This start of the process.
    public var incarnation: Incarnation
    /// What other nodes are to know of this one. Markers that are set here are registered too.
    public var member: NodeMember
    /// How long ZooKeeper keeps this node registered without a word from it. The servers confine it to between 2 and 20 of
    /// their ticks.
    public var sessionTimeout: Duration
    /// How long a lost connection may last before elections are reported as unavailable. Commands that were in flight wait
    /// as long to learn their outcome; those that come meanwhile are refused at once.
    public var disconnectionGrace: Duration
    /// How long, after this node has lost its session, others that are missing since are still told as members. Whatever cost
    /// this node its session (a wiped ensemble, say) may have cost others theirs, and they are about to register again.
    public var settlingTime: Duration
    /// How many commands may be in progress; the next is refused as unavailable.
    public var maximumCommandsInFlight: Int
    /// How many conversations one transaction deletes.
    public var deletionsPerTransaction: Int
    /// The wait before the first retry of what failed: making a client, registering, reading the members. It doubles with
    /// each failure.
    public var retryDelay: Duration
    /// Where that wait stops to grow. Retries never end.
    public var maximumRetryDelay: Duration
    /// Where the coordinator tells what happens to its session.
    public var logger: Logger

    /// A configuration with defaults for everything but the servers and the node.
    public init(
        hosts: String,
        root: String = "",
        incarnation: Incarnation,
        member: NodeMember,
        sessionTimeout: Duration = .seconds(6),
        disconnectionGrace: Duration = .seconds(1),
        settlingTime: Duration = .seconds(5),
        maximumCommandsInFlight: Int = 4_096,
        deletionsPerTransaction: Int = 100,
        retryDelay: Duration = .milliseconds(100),
        maximumRetryDelay: Duration = .seconds(10),
        logger: Logger = Logger(label: "switchboard.coordinator")
    ) {
        self.hosts = hosts
        self.root = root
        self.incarnation = incarnation
        self.member = member
        self.sessionTimeout = sessionTimeout
        self.disconnectionGrace = disconnectionGrace
        self.settlingTime = settlingTime
        self.maximumCommandsInFlight = maximumCommandsInFlight
        self.deletionsPerTransaction = deletionsPerTransaction
        self.retryDelay = retryDelay
        self.maximumRetryDelay = maximumRetryDelay
        self.logger = logger
    }
}
