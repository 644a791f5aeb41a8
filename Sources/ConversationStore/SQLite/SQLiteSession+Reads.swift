import Foundation
import GRDB
import SwitchboardCore
import SwitchboardProtocol

extension SQLiteSession {
    /// The row, and the log from its newest checkpoint on. One thread holds the file: the two reads see one state.
    func load(_ conversation: ConversationID) throws -> StoredLog? {
        let statement = try db.cachedStatement(
            sql: "SELECT born, caller, callee, leader, epoch, ended_at, deadline FROM conversations WHERE id = ?")
        guard let row = try Row.fetchOne(statement, arguments: [conversation.data]) else { return nil }
        let now = now
        let deadline: Int64? = row[6]
        let callee: String? = row[2]
        let checkpoint = try UInt32.fetchOne(
            db.cachedStatement(sql: "SELECT max(position) FROM log WHERE conversation = ? AND checkpoint"),
            arguments: [conversation.data])
        return StoredLog(
            born: LogDay(row[0]),
            row: ConversationRow(
                caller: UserID(trusted: row[1]), callee: callee.map(UserID.init(trusted:)),
                leader: Incarnation(trusted: row[3]), epoch: row[4], isEnded: row[5] != nil as Int64?,
                deadline: deadline.map { .milliseconds(max(0, $0 - now)) }),
            entries: try entries(of: conversation, in: (checkpoint ?? 1)...LogAppend.maximumIndex))
    }

    func entries(of conversation: ConversationID, in range: ClosedRange<UInt32>) throws -> [StoredEntry] {
        let now = now
        let statement = try db.cachedStatement(
            sql: """
                SELECT position, incarnation, counter, body, written FROM log
                WHERE conversation = ? AND position BETWEEN ? AND ? ORDER BY position
                """)
        let rows = try Row.fetchCursor(
            statement, arguments: [conversation.data, range.lowerBound, range.upperBound])
        var entries: [StoredEntry] = []
        while let row = try rows.next() {
            let index: UInt32 = row[0]
            let written: Int64 = row[4]
            entries.append(
                StoredEntry(
                    index: index,
                    id: AppendID(incarnation: Incarnation(trusted: row[1]), counter: UInt64(bitPattern: row[2])),
                    entry: try LogEntry(stored: [UInt8](row[3] as Data), conversation: conversation, index: index),
                    age: .milliseconds(max(0, now - written))))
        }
        return entries
    }

    func orphans(
        living: [Incarnation], slice: Int, of slices: Int, grace: Duration, limit: Int
    ) throws -> [Orphan] {
        let living = Set(living)
        let now = now
        let latest = now - grace.spanMilliseconds
        let oldest = now - EndCommand.patience.milliseconds
        let statement = try db.cachedStatement(
            sql: """
                SELECT c.id, c.leader, c.deadline, e.reason, e.written
                FROM conversations c LEFT JOIN end_commands e ON e.conversation = c.id WHERE c.ended_at IS NULL
                """)
        let rows = try Row.fetchCursor(statement)
        var orphans: [Orphan] = []
        while orphans.count < limit, let row = try rows.next() {
            guard let conversation = ConversationID(bytes: row[0] as Data) else { continue }
            guard conversation.low % UInt64(max(1, slices)) == UInt64(max(0, slice)) else { continue }
            let leader = Incarnation(trusted: row[1])
            let deadline: Int64? = row[2]
            let reason: String? = row[3]
            let written: Int64? = row[4]
            let isOverdue = deadline.map { $0 < latest } ?? false
            let isToEnd = written.map { $0 < oldest } ?? false
            guard isOverdue || isToEnd || !living.contains(leader) else { continue }
            let command = reason.map(EndReason.init(stored:))
            orphans.append(Orphan(conversation: conversation, leader: leader, command: command))
        }
        return orphans
    }

    /// Deletes commands to end of calls that have ended.
    func dropCommands(limit: Int) throws {
        try db.cachedStatement(
            sql: """
                DELETE FROM end_commands WHERE conversation IN (
                    SELECT e.conversation FROM end_commands e WHERE NOT EXISTS (
                        SELECT 1 FROM conversations c WHERE c.id = e.conversation AND c.ended_at IS NULL
                    ) LIMIT ?
                )
                """
        ).execute(arguments: [limit])
    }

    /// Deletes rows and logs together, so that an id may be used again afterwards.
    func collect(endedBefore age: Duration, limit: Int) throws {
        try db.inTransaction(.immediate) {
            let statement = try db.cachedStatement(
                sql: "SELECT id FROM conversations WHERE ended_at <= ? ORDER BY ended_at LIMIT ?")
            for id in try Data.fetchAll(statement, arguments: [now - age.spanMilliseconds, limit]) {
                try db.cachedStatement(sql: "DELETE FROM log WHERE conversation = ?").execute(arguments: [id])
                try db.cachedStatement(sql: "DELETE FROM conversations WHERE id = ?").execute(arguments: [id])
            }
            try collectCalls(limit: limit)
            return .commit
        }
    }

    private func collectCalls(limit: Int) throws {
        try db.cachedStatement(
            sql: """
                DELETE FROM push_outbox WHERE number IN (SELECT number FROM push_outbox ORDER BY number LIMIT ?)
                    AND written < ?
                """
        ).execute(arguments: [limit, now - 86_400_000])
        try db.cachedStatement(
            sql: """
                DELETE FROM pairs WHERE (low, high) IN (
                    SELECT p.low, p.high FROM pairs p WHERE NOT EXISTS (
                        SELECT 1 FROM conversations c WHERE c.id = p.conversation AND c.ended_at IS NULL
                    ) LIMIT ?
                )
                """
        ).execute(arguments: [limit])
    }
}
