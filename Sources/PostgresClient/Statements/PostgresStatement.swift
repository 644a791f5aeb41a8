/// One command with its parameters.
public struct PostgresStatement: Sendable, Equatable {
    /// What is executed.
    public enum Command: Sendable, Equatable {
        /// SQL that is parsed each time. One command only: the protocol refuses several.
        case sql(String)
        /// A statement that the connection prepares at its first use.
        case prepared(PreparedStatement)
    }

    /// What is executed.
    public let command: Command
    /// `$1`, `$2`, …
    public let parameters: PostgresParameters
    /// The format of the columns of its result.
    public let resultFormat: PostgresFormat
    let control: TransactionControl

    /// A command that is parsed each time.
    public init(
        sql: String, _ parameters: PostgresParameters = PostgresParameters(), resultFormat: PostgresFormat = .binary
    ) {
        command = .sql(sql)
        self.parameters = parameters
        self.resultFormat = resultFormat
        control = TransactionControl(sql: sql)
    }

    /// A prepared statement with its parameters.
    public init(
        _ prepared: PreparedStatement, _ parameters: PostgresParameters = PostgresParameters(),
        resultFormat: PostgresFormat = .binary
    ) {
        command = .prepared(prepared)
        self.parameters = parameters
        self.resultFormat = resultFormat
        control = prepared.control
    }

    /// `BEGIN`
    public static let begin = PostgresStatement(sql: "BEGIN")
    /// `COMMIT`
    public static let commit = PostgresStatement(sql: "COMMIT")

    var sql: String {
        switch command {
        case .sql(let sql): sql
        case .prepared(let prepared): prepared.sql
        }
    }

    var prepared: PreparedStatement? {
        if case .prepared(let prepared) = command { prepared } else { nil }
    }
}
