import PostgresClient
import SwitchboardCore

/// Brings a database's schema up to date, for `switchboard migrate` and at start.
public enum PostgresMigrations {
    /// What was done.
    public struct Report: Sendable, Equatable {
        /// Names of the steps that were missing, in order; empty if the schema was up to date.
        public var applied: [String]
        /// The version now; higher than this program's if a newer one was here before.
        public var version: Int
    }

    /// Applies the steps that are missing. May be called by all nodes at once, any number of times: an advisory lock lets
    /// them through one after the other.
    ///
    /// The role needs the right to create the schema, or must own it. An error leaves the schema at some step between the
    /// old and the new version, and the call can be repeated. A database that is made new starts at the newest feature level
    /// that this program knows; one that was there keeps its level.
    ///
    /// - Parameters:
    ///   - connectionString: As libpq takes it.
    ///   - schema: Made if it is missing.
    ///   - timeLimit: For each step, and for those of other nodes before it.
    /// - Throws: ``PostgresStoreError``.
    public static func apply(
        connectionString: String, schema: String = "switchboard", partitionDaysAhead: Int = 7,
        timeLimit: Duration = .seconds(300)
    ) async throws(PostgresStoreError) -> Report {
        let connection = try PostgresConnection.forOperator(
            connectionString, schema: schema, name: "switchboard migrate", timeLimit: timeLimit)
        do {
            let report = try await migrate(connection, schema: schema, partitionDaysAhead: partitionDaysAhead)
            await connection.close()
            return report
        } catch {
            await connection.close()
            throw .migration("\(error)")
        }
    }

    /// The lock belongs to the session: it goes with the connection, whatever happens. All that follows is meant for the
    /// first session, so that nothing is ever done on another one, without the lock.
    private static func migrate(
        _ connection: PostgresConnection, schema: String, partitionDaysAhead: Int
    ) async throws -> Report {
        let session = PostgresSessionID(1)
        func run(_ batch: PostgresBatch) async throws -> BatchReport {
            try await connection.execute(batch, for: session).successful()
        }
        // Without a session, for there is none to name before the first connection stands.
        _ = try await connection.execute(
            PostgresBatch([PostgresStatement(sql: "SELECT pg_advisory_lock(hashtext('switchboard schema'))")])
        ).successful()
        let found = try await run(
            PostgresBatch([PostgresStatement(sql: "SELECT to_regnamespace($1) IS NOT NULL", PostgresParameters(schema))]
            ))
        if try found.rows(0).first?.decode(0) != true {
            _ = try await run(PostgresBatch([PostgresStatement(sql: "CREATE SCHEMA \(schema)")]))
        }
        let versions = try await run(
            PostgresBatch([
                PostgresStatement(
                    sql: """
                        CREATE TABLE IF NOT EXISTS schema_migrations (
                            version integer PRIMARY KEY,
                            name text NOT NULL,
                            applied timestamptz NOT NULL DEFAULT now()
                        )
                        """),
                PostgresStatement(sql: "SELECT coalesce(max(version), 0) FROM schema_migrations"),
            ]))
        let version: Int = try versions.rows(1).first.map { row in Int(try row.decode(0, as: Int32.self)) } ?? 0
        let missing = PostgresMigration.all.filter { $0.version > version }
        if version == 0 {
            // Whole and at the newest level, or not at all: what has once been at version 1 may have nodes of that release.
            let steps = missing.flatMap(\.withNote) + [PostgresFeatureLevel.initialLevel(FeatureLevel.newest)]
            _ = try await run(.transaction(steps))
        } else {
            for migration in missing { _ = try await run(.transaction(migration.withNote)) }
        }
        _ = try await run(PostgresQuery.preparePartitions(daysAhead: partitionDaysAhead).batch)
        return Report(applied: missing.map(\.name), version: max(version, PostgresMigration.newest))
    }
}

extension PostgresMigration {
    /// Its statements, and that they were executed.
    fileprivate var withNote: [PostgresStatement] {
        let note = PostgresStatement(
            sql: "INSERT INTO schema_migrations (version, name) VALUES ($1, $2)",
            PostgresParameters(Int32(clamping: version), name))
        return statements.map { PostgresStatement(sql: $0) } + [note]
    }
}

extension BatchOutcome {
    /// What was answered, or an error.
    fileprivate func successful() throws -> BatchReport {
        switch self {
        case .succeeded(let report) where report.isReplicationUncertain: throw QueryError.replicationUncertain
        case .succeeded(let report): return report
        case .failed(let failure): throw failure
        case .unknown(let reason): throw reason
        case .notExecuted(let reason): throw reason
        }
    }
}
