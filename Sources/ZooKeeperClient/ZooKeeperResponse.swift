/// The answer to a request that succeeded; which case it is follows from the ``ZooKeeperRequest``.
public enum ZooKeeperResponse: Sendable, Hashable {
    /// The node was created, with version 0.
    case created
    /// A node's data.
    case data([UInt8], ZooKeeperNodeStatus)
    /// The data was replaced; the status holds the new version.
    case dataSet(ZooKeeperNodeStatus)
    /// The node was deleted.
    case deleted
    /// The names of the children, without their parent's path and in no particular order, and the status of the parent.
    case children([String], ZooKeeperNodeStatus)
    /// The status of a node that exists; `nil` if it does not.
    case exists(ZooKeeperNodeStatus?)
    /// The server has caught up.
    case synced
    /// All operations were done; one result for each, in their order.
    case multi([ZooKeeperOperationResult])
}

/// What one operation of a successful multi did.
public enum ZooKeeperOperationResult: Sendable, Hashable {
    /// The node was created, with version 0.
    case created
    /// The data was replaced; the version that it has now.
    case dataSet(version: ZooKeeperVersion)
    /// The node was deleted.
    case deleted
    /// The version was as expected.
    case checked
}

/// What ZooKeeper keeps about a node besides its data.
public struct ZooKeeperNodeStatus: Sendable, Hashable {
    /// Version of the data, to be named as the expected one in a conditional write.
    public var version: ZooKeeperVersion
    /// How often the list of children has changed.
    public var childrenVersion: ZooKeeperVersion
    /// How many children there are.
    public var childCount: Int
    /// The session that an ephemeral node lives and dies with; `nil` for a persistent one.
    public var ephemeralOwner: ZooKeeperSessionID?
    /// The transaction that created the node. A node deleted and created again differs here, even if its version is the same.
    public var creationTransaction: Int64
    /// The transaction that last wrote the data.
    public var modificationTransaction: Int64

    /// Puts a status together, for tests and simulations.
    public init(
        version: ZooKeeperVersion = 0,
        childrenVersion: ZooKeeperVersion = 0,
        childCount: Int = 0,
        ephemeralOwner: ZooKeeperSessionID? = nil,
        creationTransaction: Int64 = 0,
        modificationTransaction: Int64 = 0
    ) {
        self.version = version
        self.childrenVersion = childrenVersion
        self.childCount = childCount
        self.ephemeralOwner = ephemeralOwner
        self.creationTransaction = creationTransaction
        self.modificationTransaction = modificationTransaction
    }
}
