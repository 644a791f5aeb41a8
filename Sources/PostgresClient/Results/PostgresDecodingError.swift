/// A result is not what the program that reads it expects. Names columns, never values.
public enum PostgresDecodingError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The result has no such column.
    case noSuchColumn(String)
    /// The value is NULL.
    case unexpectedNull(column: String)
    /// The column's type, or a value in it, cannot be read as what was wanted.
    case mismatch(column: String, type: PostgresType, wanted: String)

    public var description: String {
        switch self {
        case .noSuchColumn(let column):
            "the result has no column \(column); the database's schema may be another than the program's"
        case .unexpectedNull(let column):
            "column \(column) is NULL"
        case .mismatch(let column, let type, let wanted):
            "a value in column \(column) (type \(type.rawValue)) cannot be read as \(wanted)"
        }
    }
}
