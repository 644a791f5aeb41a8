/// What became of one statement of a batch.
public enum StatementResult: Sendable, Equatable {
    /// It was executed. Whether its effects stay depends on the transaction that it is part of.
    case success(StatementOutput)
    /// It failed.
    case error(PostgresError)
    /// A statement before it failed, so the server did not execute it.
    case skipped

    /// What it answered, if it was executed.
    public var output: StatementOutput? {
        if case .success(let output) = self { output } else { nil }
    }
}

/// What a statement answered.
public struct StatementOutput: Sendable, Equatable {
    /// Its rows; none for a command that returns none.
    public var rows: PostgresRows
    /// The server's own summary, for example `INSERT 0 3`.
    public var tag: String
    /// How many rows it touched or returned; 0 for commands that do not say.
    public var rowCount: Int

    /// Makes one.
    public init(rows: PostgresRows = .none, tag: String, rowCount: Int = 0) {
        self.rows = rows
        self.tag = tag
        self.rowCount = rowCount
    }
}
