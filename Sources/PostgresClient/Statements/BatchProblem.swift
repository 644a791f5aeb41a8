/// Why a batch is not sent at all: a mistake in the program that made it.
public enum BatchProblem: Error, Sendable, Equatable, CustomStringConvertible {
    /// It holds no statement.
    case empty
    /// A transaction begins within another.
    case nestedTransaction(statement: Int)
    /// A statement that ends a transaction, or speaks of its savepoints, outside of one that the batch began.
    case outsideTransaction(statement: Int)
    /// The batch would end within a transaction, and the next batch run in it.
    case transactionLeftOpen
    /// More parameters than the protocol can number (65,535); use arrays and `unnest`.
    case tooManyParameters(statement: Int)
    /// U+0000 in SQL or in a literal, where libpq would cut the text.
    case nulCharacter(statement: Int)
    /// Two prepared statements of one name differ in SQL or in the types of their parameters.
    case ambiguousName(String)
    /// More different prepared statements than the configured bound.
    case tooManyPreparedStatements(limit: Int)

    public var description: String {
        switch self {
        case .empty:
            "the batch holds no statement"
        case .nestedTransaction(let statement):
            "statement \(statement) begins a transaction within another"
        case .outsideTransaction(let statement):
            "statement \(statement) belongs within a transaction; begin one in the same batch"
        case .transactionLeftOpen:
            "the batch leaves a transaction open; end it in the same batch"
        case .tooManyParameters(let statement):
            "statement \(statement) has more than 65,535 parameters; pass arrays and use unnest"
        case .nulCharacter(let statement):
            "statement \(statement) has a NUL character in its SQL or in a literal"
        case .ambiguousName(let name):
            "two prepared statements called \(name) differ in SQL or in the types of their parameters; rename one"
        case .tooManyPreparedStatements(let limit):
            "more than \(limit) prepared statements; prepare only constant SQL, or raise maximumPreparedStatements"
        }
    }
}
