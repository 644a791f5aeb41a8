/// The server reported an error, and the outcome is known.
public struct BatchFailure: Error, Sendable, Equatable {
    /// The error.
    public var error: PostgresError
    /// The statement that failed; nil if it was the end of the batch, for example a deferred constraint that was checked
    /// there.
    public var failedStatement: Int?
    /// How many of the first statements are settled: they lie before or at the last `COMMIT` (or `ROLLBACK`) that
    /// succeeded, and the error changed nothing about them. All later statements have no effect.
    ///
    /// 0: the batch has had no effect at all.
    public var settledCount: Int
    /// Results of all statements; those from `settledCount` on are undone even if they are a success.
    public var report: BatchReport

    /// Makes one.
    public init(error: PostgresError, failedStatement: Int?, settledCount: Int, report: BatchReport) {
        self.error = error
        self.failedStatement = failedStatement
        self.settledCount = settledCount
        self.report = report
    }
}

extension BatchFailure: CustomStringConvertible {
    public var description: String {
        let place = failedStatement.map { "statement \($0)" } ?? "the end of the batch"
        let effect =
            settledCount == 0
            ? "nothing took effect" : "the transactions in its first \(settledCount) statements had ended before"
        return "\(place) failed: \(error); \(effect)"
    }
}
