/// What `status` tells of one server of a cluster.
public struct PartStatus: Equatable, Sendable {
    /// How it is.
    public enum State: String, Sendable {
        /// It runs and does its job.
        case ready
        /// It runs but does not (yet) do its job.
        case notReady = "not ready"
        /// It was stopped with SIGSTOP.
        case paused
        /// It does not run.
        case down
    }

    /// `n1`, `zookeeper-2`, `postgres`, `haproxy`.
    public let name: String
    /// How it is.
    public let state: State
    /// Its process id, if it runs.
    public let pid: Int32?
    /// The ports of 127.0.0.1 that it listens on.
    public let ports: [Int]
}
