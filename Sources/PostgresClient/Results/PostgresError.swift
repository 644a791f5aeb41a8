/// An error that the server reported.
public struct PostgresError: Error, Sendable, Equatable {
    /// Its class; what programs decide on.
    public var sqlState: SQLState
    /// Not localised: `ERROR`, `FATAL` or `PANIC`. The last two end the connection.
    public var severity: String
    /// One line for people. May quote a value that the server could not read.
    public var message: String
    /// More about it. May hold data of rows: not for logs.
    public var detail: String?
    /// What the server suggests.
    public var hint: String?
    /// Name of the constraint that refused, if one did.
    public var constraint: String?

    /// Makes one.
    public init(
        sqlState: SQLState, severity: String = "ERROR", message: String, detail: String? = nil, hint: String? = nil,
        constraint: String? = nil
    ) {
        self.sqlState = sqlState
        self.severity = severity
        self.message = message
        self.detail = detail
        self.hint = hint
        self.constraint = constraint
    }

    /// Whether the server ends the connection with it.
    var endsConnection: Bool { severity == "FATAL" || severity == "PANIC" }
}

extension PostgresError: CustomStringConvertible {
    /// Without ``detail``, which may hold users' data.
    public var description: String {
        "\(sqlState): \(message)" + (hint.map { " (\($0))" } ?? "")
    }
}
