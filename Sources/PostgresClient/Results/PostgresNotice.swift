/// A warning that came with a result.
public struct PostgresNotice: Sendable, Equatable {
    /// Its class; `01…` for warnings.
    public var sqlState: SQLState
    /// Not localised: `WARNING`, `NOTICE`, …
    public var severity: String
    /// One line for people.
    public var message: String
    /// The function of the server that reported it; does not depend on the server's language.
    public var sourceFunction: String?

    /// Makes one.
    public init(sqlState: SQLState, severity: String, message: String, sourceFunction: String? = nil) {
        self.sqlState = sqlState
        self.severity = severity
        self.message = message
        self.sourceFunction = sourceFunction
    }

    /// Whether it is more than news.
    var isWarning: Bool { severity == "WARNING" || sqlState.classCode == "01" }

    /// "canceling wait for synchronous replication …": the commit is visible on this server, but may not have reached the
    /// standby that it was to wait for.
    ///
    /// Recognised by the function `SyncRepWaitForLSN` of PostgreSQL's `syncrep.c`, for the class is that of any warning
    /// and the message is translated.
    public var isCancelledReplicationWait: Bool { isWarning && sourceFunction == "SyncRepWaitForLSN" }
}
