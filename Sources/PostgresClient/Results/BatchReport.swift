/// What the server answered to a batch.
public struct BatchReport: Sendable, Equatable {
    /// One for each statement, in order.
    public var results: [StatementResult]
    /// Warnings that came with them, the first 32.
    public var warnings: [PostgresNotice]

    /// Makes one.
    public init(results: [StatementResult], warnings: [PostgresNotice] = []) {
        self.results = results
        self.warnings = warnings
    }

    /// A `COMMIT` returned although the standby that it was to wait for has not confirmed it. Such a success must be
    /// treated like ``BatchOutcome/unknown(_:)``: the data may be lost with this server.
    public var isReplicationUncertain: Bool { warnings.contains(where: \.isCancelledReplicationWait) }

    /// The rows of a statement; none if it did not succeed.
    public func rows(_ statement: Int) -> PostgresRows {
        guard results.indices.contains(statement) else { return .none }
        return results[statement].output?.rows ?? .none
    }
}
