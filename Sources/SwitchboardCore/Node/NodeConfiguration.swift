public import SwitchboardProtocol

/// What a node's core is told at its start. Durations and bounds have defaults that suit a cluster of a few nodes.
public struct NodeConfiguration: Sendable {
    public var incarnation: Incarnation
    public var name: String
    public var iceServerSource: any IceServerSource = StaticIceServers()

    // Clients.
    public var pingInterval: Duration = .seconds(25)
    public var maximumConnections = 50_000
    public var maximumNamedConversations = 32
    /// Conversations of one connection at a time.
    public var maximumAttachments = 64
    public var maximumMessageBytes: UInt32 = 65_536
    public var maximumOutboxMessages: UInt32 = 256
    /// After that `sync_complete` comes all the same and names what is missing.
    public var syncTimeout: Duration = .seconds(5)
    /// Sends that wait at this front for a conversation's leader to be found.
    public var maximumWaitingFrames = 256

    /// How often this node writes its presence rows again, lest one that got lost keeps a device from ringing.
    public var presenceInterval: Duration = .seconds(180)

    // Store.
    public var writerLanes = 4
    public var maximumAppendsPerBatch = 512
    public var maximumLoadsInFlight = 64
    public var storeRetry: Duration = .milliseconds(100)
    public var maximumStoreRetry: Duration = .seconds(1)
    /// Without a successful commit for that long the node says `.nostore`, and senders are told to wait.
    public var storeOutage: Duration = .seconds(2)

    // Elections.
    public var coordinatorRetry: Duration = .milliseconds(200)
    public var maximumClaimsInFlight = 128
    /// A front that has no device of the caller leaves the first try to the one that has.
    public var secondClaimDelay: Duration = .milliseconds(50)
    public var fastClaimInterval: Duration = .seconds(5)
    public var scanInterval: Duration = .seconds(5)
    public var scanLimit = 500
    /// How long devices have to attach to a new leader before they count as away.
    public var absenceGrace: Duration = .seconds(10)
    /// How often the cluster's feature level is read.
    public var featureLevelInterval: Duration = .seconds(10)
    public var deadlineGrace: Duration = .seconds(30)
    /// How long an ended conversation keeps its node in the coordinator, and its place in memory.
    public var endedRetention: Duration = .seconds(60)
    /// How long the store keeps it.
    public var tombstoneRetention: Duration = .seconds(3600)
    public var deleteBatch = 100

    public var leadership = LeadershipConfiguration()

    public init(incarnation: Incarnation, name: String) {
        self.incarnation = incarnation
        self.name = name
    }
}
