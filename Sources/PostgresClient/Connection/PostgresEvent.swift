/// What a connection tells its owner, in one order.
public enum PostgresEvent: Sendable, Equatable {
    /// A connection stands. Comes before the outcome of anything that is sent on it.
    case connected(PostgresServerInfo)
    /// The connection broke, or was given up. Comes before the outcomes of all that was in flight or waited, and before
    /// any attempt to connect again.
    case disconnected(PostgresSessionID, reason: String)
    /// An attempt to connect failed; the next one comes after a pause.
    case connectionAttemptFailed(endpoint: String, reason: String, retryIn: Duration)
    /// A batch has its outcome.
    case completed(BatchID, BatchOutcome)
}
