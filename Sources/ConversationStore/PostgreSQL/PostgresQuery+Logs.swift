import PostgresClient
import SwitchboardCore
import SwitchboardProtocol

extension PreparedStatement {
    /// One statement, hence one snapshot: the row fits the entries. The search for the newest checkpoint walks the key
    /// backwards, at most over the entries between two checkpoints.
    fileprivate static let loadLog = PreparedStatement(
        "load_log",
        """
        SELECT c.born - date '1970-01-01', c.caller, c.callee, c.leader, c.epoch, c.ended_at IS NOT NULL,
            (extract(epoch FROM c.deadline - now()) * 1000)::bigint,
            l.index, l.incarnation, l.counter, l.body,
            (extract(epoch FROM clock_timestamp() - l.written) * 1000)::bigint
        FROM conversations c LEFT JOIN LATERAL (
            SELECT * FROM log e
            WHERE e.born = c.born AND e.conversation = c.id
                AND e.index >= coalesce((
                    SELECT k.index FROM log k
                    WHERE k.born = c.born AND k.conversation = c.id AND k.checkpoint
                    ORDER BY k.index DESC LIMIT 1
                ), 1)
        ) l ON true
        WHERE c.id = $1 ORDER BY l.index
        """)

    fileprivate static let readLog = PreparedStatement(
        "read_log",
        """
        SELECT l.index, l.incarnation, l.counter, l.body,
            (extract(epoch FROM clock_timestamp() - l.written) * 1000)::bigint
        FROM conversations c JOIN log l ON l.born = c.born AND l.conversation = c.id
        WHERE c.id = $1 AND l.index BETWEEN $2 AND $3 ORDER BY l.index
        """)
}

extension PostgresQuery {
    static func load(_ conversation: ConversationID) -> PostgresQuery {
        PostgresQuery(PostgresBatch([PreparedStatement.loadLog.bind(conversation.uuid)])) { report in
            let rows = report.rows(0)
            guard let first = rows.first else { return .loaded(nil) }
            let deadline = try first.decodeIfPresent(6, as: Int64.self)
            let row = ConversationRow(
                caller: try first.decodeUser(1),
                callee: try first.decodeIfPresent(2, as: String.self).map(UserID.init(trusted:)),
                leader: try first.decodeIncarnation(3), epoch: UInt32(clamping: try first.decode(4, as: Int32.self)),
                isEnded: try first.decode(5), deadline: deadline.map { .milliseconds(max(0, $0)) })
            // A row without entries: one row of nulls.
            let hasEntries = try first.decodeIfPresent(7, as: Int32.self) != nil
            let entries = try hasEntries ? rows.map { try $0.decodeEntry(of: conversation, from: 7) } : []
            return .loaded(StoredLog(born: LogDay(try first.decode(0)), row: row, entries: entries))
        }
    }

    static func readLog(_ conversation: ConversationID, _ range: ClosedRange<UInt32>) -> PostgresQuery {
        let statement = PreparedStatement.readLog.bind(
            conversation.uuid, Int32(clamping: range.lowerBound), Int32(clamping: range.upperBound))
        return PostgresQuery(PostgresBatch([statement])) { report in
            .read(try report.rows(0).map { try $0.decodeEntry(of: conversation, from: 0) })
        }
    }
}

extension PostgresRow {
    /// Five columns: index, incarnation, counter, body, age.
    fileprivate func decodeEntry(of conversation: ConversationID, from column: Int) throws -> StoredEntry {
        let index = UInt32(clamping: try decode(column, as: Int32.self))
        let body = try decode(column + 3, as: PostgresBytes.self).bytes
        return StoredEntry(
            index: index,
            id: AppendID(incarnation: try decode(column + 1), storedCounter: try decode(column + 2)),
            entry: try LogEntry(stored: body, conversation: conversation, index: index),
            age: try decodeDuration(column + 4))
    }
}
