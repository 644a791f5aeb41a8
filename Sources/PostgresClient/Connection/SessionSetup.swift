/// The first exchange on a new connection: applies the session's settings, and asks what server it is.
enum SessionSetup {
    /// One statement, so one round trip.
    ///
    /// The timeline comes from the write-ahead log's present position, not from `pg_control_checkpoint()`: after a
    /// promotion that tells the old timeline until the next checkpoint. A standby has only the latter.
    private static let sql = """
        SELECT (SELECT system_identifier FROM pg_control_system()),
               CASE WHEN pg_is_in_recovery() THEN (SELECT timeline_id FROM pg_control_checkpoint())
                    ELSE ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int4 END,
               pg_is_in_recovery(),
               (SELECT count(set_config(name, value, false)) FROM unnest($1::text[], $2::text[]) AS setting(name, value))
        """

    static func commands(settings: [(name: String, value: String)]) -> [PipelineCommand] {
        let parameters = PostgresParameters(settings.map(\.name), settings.map(\.value))
        return [.execute(PostgresStatement(sql: sql, parameters), name: nil), .sync]
    }

    struct Facts {
        var systemIdentifier: Int64
        var timeline: UInt32
        var isInRecovery: Bool
    }

    static func facts(from rows: PostgresRows) throws(PostgresDecodingError) -> Facts {
        guard let row = rows.first else { throw .noSuchColumn("timeline") }
        return Facts(
            systemIdentifier: try row.decode(0),
            timeline: UInt32(bitPattern: try row.decode(1, as: Int32.self)),
            isInRecovery: try row.decode(2))
    }
}
