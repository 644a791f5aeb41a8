import PostgresClient
import SwitchboardCore

/// The feature level at which a cluster writes, as its database keeps it; for `switchboard feature-level`.
public enum PostgresFeatureLevel {
    static let query = "SELECT value FROM cluster_settings WHERE name = 'feature_level'"

    /// The level now.
    ///
    /// - Parameters:
    ///   - connectionString: As libpq takes it.
    ///   - timeLimit: For an answer.
    /// - Throws: ``PostgresStoreError``.
    public static func read(
        connectionString: String, schema: String = "switchboard", timeLimit: Duration = .seconds(30)
    ) async throws(PostgresStoreError) -> UInt32 {
        try await withConnection(connectionString, schema, timeLimit) { connection in
            try await connection.query(query).decodeFeatureLevel()
        }
    }

    /// Raises the level; never lowers it, whatever others do at the same time. Nodes read it again by themselves.
    ///
    /// - Returns: False if it was that high already.
    /// - Throws: ``PostgresStoreError``.
    public static func raise(
        to level: UInt32, connectionString: String, schema: String = "switchboard",
        timeLimit: Duration = .seconds(30)
    ) async throws(PostgresStoreError) -> Bool {
        try await withConnection(connectionString, schema, timeLimit) { connection in
            let raised = try await connection.query(
                """
                UPDATE cluster_settings SET value = $1
                WHERE name = 'feature_level' AND value::bigint < $2::bigint RETURNING value
                """, PostgresParameters("\(level)", Int64(level)))
            return !raised.isEmpty
        }
    }

    /// In a new database: nobody has written anything yet that a level could be too high for.
    static func initialLevel(_ level: UInt32) -> PostgresStatement {
        PostgresStatement(
            sql: "UPDATE cluster_settings SET value = $1 WHERE name = 'feature_level'", PostgresParameters("\(level)"))
    }

    private static func withConnection<Value>(
        _ connectionString: String, _ schema: String, _ timeLimit: Duration,
        _ body: (PostgresConnection) async throws -> Value
    ) async throws(PostgresStoreError) -> Value {
        let connection = try PostgresConnection.forOperator(
            connectionString, schema: schema, name: "switchboard feature-level", timeLimit: timeLimit)
        do {
            let value = try await body(connection)
            await connection.close()
            return value
        } catch {
            await connection.close()
            throw .settings("\(error)")
        }
    }
}

extension PostgresRows {
    /// The row of ``PostgresFeatureLevel/query``; a database without it has never been raised.
    func decodeFeatureLevel() throws(PostgresDecodingError) -> UInt32 {
        guard let row = first, let level = UInt32(try row.decode(0, as: String.self)) else { return FeatureLevel.first }
        return level
    }
}

extension PostgresConnection {
    /// A connection for something that an operator asked for.
    static func forOperator(
        _ connectionString: String, schema: String, name: String, timeLimit: Duration
    ) throws(PostgresStoreError) -> PostgresConnection {
        try PostgresStoreError.checkSchemaName(schema)
        do {
            var configuration = try PostgresConfiguration(connectionString)
            configuration.applicationName = name
            configuration.answerTimeLimit = timeLimit
            configuration.lockTimeout = .zero
            configuration.sessionSettings = ["search_path": schema, "client_min_messages": "error"]
            return try PostgresConnection(configuration)
        } catch {
            throw .connectionString("\(error)")
        }
    }
}
