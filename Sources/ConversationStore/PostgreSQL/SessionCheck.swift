import PostgresClient
import SwitchboardCore

/// What a new connection must answer before it is used, beyond what the client looks at.
struct SessionCheck: Sendable {
    let schema: String
    let allowsUnreplicated: Bool

    var batch: PostgresBatch {
        PostgresBatch([
            PostgresStatement(sql: "SELECT current_setting('synchronous_standby_names')"),
            PostgresStatement(sql: "SELECT coalesce(max(version), 0) FROM schema_migrations"),
        ])
    }

    /// Why the server cannot be used; nil if it can.
    func refusal(_ outcome: BatchOutcome) -> String? {
        switch outcome {
        case .succeeded(let report):
            do {
                return try refusal(report)?.description
            } catch {
                return error.description
            }
        case .failed(let failure) where failure.error.sqlState.isMissingObject:
            return ServerRefusal.schemaMissing(schema: schema).description
        case .failed(let failure): return failure.description
        case .unknown(let reason): return reason.description
        case .notExecuted(let reason): return reason.description
        }
    }

    private func refusal(_ report: BatchReport) throws(PostgresDecodingError) -> ServerRefusal? {
        let standbys: String = try report.rows(0).first?.decode(0) ?? ""
        let version = Int(try report.rows(1).first?.decode(0, as: Int64.self) ?? 0)
        if version < PostgresMigration.newest {
            return .schemaTooOld(found: version, needed: PostgresMigration.newest)
        }
        return standbys.isEmpty && !allowsUnreplicated ? .unreplicated : nil
    }
}

extension SQLState {
    /// No such table, or no such schema.
    var isMissingObject: Bool { rawValue == "42P01" || rawValue == "3F000" }
}
