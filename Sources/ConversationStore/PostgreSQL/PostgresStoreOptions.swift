import SwitchboardCore
public import SwitchboardProtocol

/// How a cluster's store is reached.
public struct PostgresStoreOptions: Sendable {
    /// libpq's connection string or URL. Several hosts with `target_session_attrs=read-write` find the primary after a
    /// failover.
    public var connectionString: String
    /// Schema that holds the tables; one for each cluster that shares a database.
    public var schema: String
    /// Whose connections these are; names them on the server, so that a successor can end them.
    public var incarnation: Incarnation
    /// Connections for commits, beside one for barriers and three for everything else.
    public var writers = 4
    /// How long a commit may take before its outcome is called unknown and the connection is given up.
    public var commitTimeLimit: Duration = .seconds(5)
    /// How long a commit waits for somebody else's transaction; less than ``commitTimeLimit``, so that the outcome is known.
    public var lockTimeLimit: Duration = .seconds(2)
    /// The same for a barrier: an index held by the half-sent transaction of a stopped leader must not delay the claim.
    public var barrierLockTimeLimit: Duration = .milliseconds(200)
    /// How long anything else may take.
    public var queryTimeLimit: Duration = .seconds(10)
    /// Serves with a server that replicates to nobody: its loss then loses calls, and what was acknowledged in them.
    public var allowsUnreplicated = false
    /// How many days ahead partitions of the log are made, at start and with every collection.
    public var partitionDaysAhead = 7

    /// - Parameters:
    ///   - connectionString: As libpq takes it.
    ///   - schema: Letters, digits and `_`, not beginning with a digit.
    public init(connectionString: String, schema: String = "switchboard", incarnation: Incarnation) {
        self.connectionString = connectionString
        self.schema = schema
        self.incarnation = incarnation
    }
}
