/// A statement that each connection parses once, at its first use, and then only executes.
///
/// ```swift
/// extension PreparedStatement {
///     static let readLog = PreparedStatement("read_log", "SELECT … WHERE conversation = $1 AND index > $2")
/// }
/// let statement = PreparedStatement.readLog.bind(id, index)
/// ```
public struct PreparedStatement: Hashable, Sendable {
    /// Identifies the statement within the process. Two statements of one name must be the same: the connection refuses
    /// the batch with the second one.
    public let name: String
    /// The SQL, one command.
    public let sql: String
    let control: TransactionControl

    /// Names a statement.
    public init(_ name: String, _ sql: String) {
        self.name = name
        self.sql = sql
        control = TransactionControl(sql: sql)
    }

    /// The statement with its parameters. Their types must be the same in all uses.
    public func bind<each Value: PostgresEncodable>(_ value: repeat each Value) -> PostgresStatement {
        PostgresStatement(self, PostgresParameters(repeat each value))
    }
}
