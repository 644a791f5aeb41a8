/// What the pipeline machine wants handed to libpq, in this order.
enum PipelineCommand: Equatable {
    /// Parse a statement under a name of the server's session.
    case prepare(name: String, sql: String, types: [PostgresType])
    /// Execute a statement; by that name if it is a prepared one.
    case execute(PostgresStatement, name: String?)
    /// A synchronisation point: the server commits what stands outside of explicit transactions, and goes on after an
    /// error.
    case sync

    /// About how much it adds to libpq's buffer.
    var byteCount: Int {
        switch self {
        case .prepare(_, let sql, _): sql.utf8.count
        case .execute(let statement, _): statement.parameters.byteCount + 64
        case .sync: 8
        }
    }
}

/// What the server answered to one command.
enum ServerAnswer: Equatable {
    case success(StatementOutput)
    case error(PostgresError)
    /// The server did not execute the command, for one before it failed.
    case skipped
}

/// The state of the server's session at a synchronisation point.
enum TransactionStatus: Equatable {
    /// libpq does not tell it while more is in flight.
    case undetermined
    case idle
    case inTransaction
    case inFailedTransaction
}

/// Identifies a batch between the machine and its owner.
struct BatchTicket: Hashable {
    let number: UInt64
}

/// A batch with its outcome, to be told to whoever submitted it.
struct BatchCompletion: Equatable {
    var ticket: BatchTicket
    var outcome: BatchOutcome
}
