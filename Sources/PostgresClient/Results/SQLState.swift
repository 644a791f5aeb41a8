/// The five characters by which the server classifies an error or a warning.
///
/// PostgreSQL's manual lists them in Appendix A.
public struct SQLState: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    /// The five characters.
    public let rawValue: String

    /// Wraps a code.
    public init(rawValue: String) { self.rawValue = rawValue }

    /// The first two characters: the class.
    public var classCode: String { String(rawValue.prefix(2)) }
    public var description: String { rawValue }

    /// A unique constraint refused a row.
    public static let uniqueViolation = SQLState(rawValue: "23505")
    /// Bytes that are no text in the database's encoding, for example a NUL.
    public static let characterNotInRepertoire = SQLState(rawValue: "22021")
    /// Transactions waited for each other; this one was rolled back.
    public static let deadlockDetected = SQLState(rawValue: "40P01")
    /// The transaction could not be serialised with others.
    public static let serializationFailure = SQLState(rawValue: "40001")
    /// A lock was not had within `lock_timeout`.
    public static let lockNotAvailable = SQLState(rawValue: "55P03")
    /// Cancelled by a user's request or by `statement_timeout`.
    public static let queryCanceled = SQLState(rawValue: "57014")
    /// The transaction had failed before; nothing but its end is accepted.
    public static let inFailedTransaction = SQLState(rawValue: "25P02")
    /// There is no prepared statement of this name.
    public static let invalidStatementName = SQLState(rawValue: "26000")
    /// Among other things: a prepared statement's result has other columns than when it was prepared.
    public static let featureNotSupported = SQLState(rawValue: "0A000")

    /// Nothing took effect and the same transaction may succeed when tried again.
    public var isRetryable: Bool {
        self == .deadlockDetected || self == .serializationFailure || self == .lockNotAvailable
    }

    /// The data itself is at fault (class 22, data exception; class 23, integrity constraint violation): trying again will
    /// fail again.
    public var isDataError: Bool { classCode == "22" || classCode == "23" }
}
