/// How a local PostgreSQL server runs.
public struct PostgresOptions: Sendable {
    /// Whether a commit waits for the disk. Off is faster, and loses what a power cut would lose (a killed server loses nothing).
    public var fsync = true
    /// Further settings by name, as in `postgresql.conf`; they win over the file.
    public var settings: [String: String] = [:]
    /// Name of the database and of the role that owns it.
    public var database = "switchboard"
    /// What becomes of the server when we end.
    public var lifetime: LaunchCommand.Lifetime = .boundToParent

    /// The defaults: durable commits, the settings of `Cluster/postgresql.conf`, ended with this process.
    public init() {}
}
