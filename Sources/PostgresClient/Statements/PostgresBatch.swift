/// Statements that go to the server in one flush and have one outcome.
///
/// The server executes them in order. The first error makes it skip the rest of the batch. What an error undoes depends
/// on where transactions end:
///
/// - Statements between `BEGIN` and `COMMIT` are one transaction.
/// - Statements outside of these form a transaction too: it begins with the first of them and ends with the next
///   `COMMIT` (a later `BEGIN` does not divide it), else with the end of the batch.
/// - An error undoes everything since the last `COMMIT` that succeeded, and nothing before that. So in
///   `BEGIN, INSERT, COMMIT, SELECT` a failing `SELECT` leaves the insert committed, and the outcome says so
///   (``BatchFailure/settledCount``).
///
/// A statement behind a `COMMIT` in the same batch sees what was committed, with a snapshot of its own (at READ
/// COMMITTED, PostgreSQL's default).
public struct PostgresBatch: Sendable, Equatable {
    /// In the order of execution.
    public let statements: [PostgresStatement]
    /// How long the server may take to answer, from the moment that the batch was handed over; nil: as configured.
    ///
    /// Batches on one connection are answered in order: a slow one makes those behind it late as well, and the first that
    /// is too late costs the connection. Long commands belong on a connection of their own.
    public let answerTimeLimit: Duration?

    /// Makes a batch. It must end outside of any transaction that it began.
    public init(_ statements: [PostgresStatement], answerTimeLimit: Duration? = nil) {
        self.statements = statements
        self.answerTimeLimit = answerTimeLimit
    }

    /// A transaction, and statements behind its commit.
    ///
    /// Their results stand at 1 … n (0 is that of `BEGIN`) and from n + 2 on; see ``resultIndex(inTransaction:)`` and
    /// ``resultIndex(behindTransactionOf:_:)``.
    public static func transaction(
        _ statements: [PostgresStatement], then following: [PostgresStatement] = [], answerTimeLimit: Duration? = nil
    ) -> PostgresBatch {
        PostgresBatch([.begin] + statements + [.commit] + following, answerTimeLimit: answerTimeLimit)
    }

    /// Where the result of a statement of ``transaction(_:then:answerTimeLimit:)`` stands.
    public static func resultIndex(inTransaction index: Int) -> Int { index + 1 }

    /// Where the result of a statement stands that follows a transaction of `count` statements.
    public static func resultIndex(behindTransactionOf count: Int, _ index: Int) -> Int { count + 2 + index }

    /// About how much memory it takes.
    var byteCount: Int {
        statements.reduce(0) { $0 + $1.parameters.byteCount + $1.sql.utf8.count }
    }

    /// What is wrong with it, if anything.
    public var problem: BatchProblem? {
        guard !statements.isEmpty else { return .empty }
        var inTransaction = false
        for (index, statement) in statements.enumerated() {
            if let problem = Self.problem(of: statement, at: index) { return problem }
            switch statement.control {
            case .other: break
            case .begin where inTransaction: return .nestedTransaction(statement: index)
            case .begin: inTransaction = true
            case .commit where inTransaction, .rollback where inTransaction: inTransaction = false
            case .savepoint where inTransaction: break
            case .commit, .rollback, .savepoint: return .outsideTransaction(statement: index)
            case .chain: return .transactionLeftOpen
            }
        }
        return inTransaction ? .transactionLeftOpen : nil
    }

    private static func problem(of statement: PostgresStatement, at index: Int) -> BatchProblem? {
        guard statement.parameters.count <= Int(UInt16.max) else { return .tooManyParameters(statement: index) }
        guard !statement.parameters.hasTruncatedLiteral, !statement.sql.utf8.contains(0) else {
            return .nulCharacter(statement: index)
        }
        return nil
    }
}
