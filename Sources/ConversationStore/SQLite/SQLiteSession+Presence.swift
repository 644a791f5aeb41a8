import Foundation
import GRDB
import SwitchboardCore
import SwitchboardProtocol

extension SQLiteSession {
    /// Inserts, commits, then reads.
    func announce(_ rows: [PresenceRow]) throws -> [UserID: [ConversationID]] {
        for row in rows { try row.key.checkText() }
        try db.inTransaction(.immediate) {
            let statement = try db.cachedStatement(
                sql:
                    "INSERT OR REPLACE INTO presence (user, device, incarnation, connection, counter) VALUES (?, ?, ?, ?, ?)"
            )
            for row in rows {
                try statement.execute(arguments: [
                    row.key.address.user.text, row.key.address.device.text, row.key.incarnation.text,
                    Int64(bitPattern: row.key.connection.number), row.counter,
                ])
            }
            return .commit
        }
        return try liveConversations(of: Set(rows.map(\.key.address.user)))
    }

    func withdraw(_ keys: [PresenceKey]) throws {
        for key in keys { try key.checkText() }
        try db.inTransaction(.immediate) {
            let statement = try db.cachedStatement(
                sql: "DELETE FROM presence WHERE user = ? AND device = ? AND incarnation = ? AND connection = ?")
            for key in keys {
                try statement.execute(arguments: [
                    key.address.user.text, key.address.device.text, key.incarnation.text,
                    Int64(bitPattern: key.connection.number),
                ])
            }
            return .commit
        }
    }

    func forget(_ incarnation: Incarnation) throws {
        try incarnation.checkText()
        try db.cachedStatement(sql: "DELETE FROM presence WHERE incarnation = ?")
            .execute(arguments: [incarnation.text])
    }

    /// Users without a row are absent.
    func presence(of users: [UserID]) throws -> [UserID: [PresenceRow]] {
        let statement = try db.cachedStatement(
            sql: """
                SELECT device, incarnation, connection, counter FROM presence WHERE user = ?
                ORDER BY device, incarnation, connection
                """)
        var found: [UserID: [PresenceRow]] = [:]
        for user in Set(users) where user.isStorable {
            let rows = try Row.fetchAll(statement, arguments: [user.text]).map { row in
                PresenceRow(
                    key: PresenceKey(
                        address: DeviceAddress(user: user, device: DeviceID(trusted: row[0])),
                        incarnation: Incarnation(trusted: row[1]),
                        connection: ConnectionID(UInt64(bitPattern: row[2]))),
                    counter: row[3])
            }
            if !rows.isEmpty { found[user] = rows }
        }
        return found
    }

    func presence(ownedBy incarnation: Incarnation) throws -> [UserID: [PresenceRow]] {
        let statement = try db.cachedStatement(
            sql: "SELECT user, device, connection, counter FROM presence WHERE incarnation = ?")
        var found: [UserID: [PresenceRow]] = [:]
        for row in try Row.fetchAll(statement, arguments: [incarnation.text]) {
            let user = UserID(trusted: row[0])
            let key = PresenceKey(
                address: DeviceAddress(user: user, device: DeviceID(trusted: row[1])), incarnation: incarnation,
                connection: ConnectionID(UInt64(bitPattern: row[2])))
            found[user, default: []].append(PresenceRow(key: key, counter: row[3]))
        }
        return found
    }

    func presentIncarnations() throws -> [Incarnation] {
        try String.fetchAll(db, sql: "SELECT DISTINCT incarnation FROM presence ORDER BY incarnation")
            .map(Incarnation.init(trusted:))
    }

    /// Users without a live conversation are absent.
    private func liveConversations(of users: Set<UserID>) throws -> [UserID: [ConversationID]] {
        let statement = try db.cachedStatement(
            sql: """
                SELECT id FROM conversations WHERE caller = ?1 AND ended_at IS NULL
                UNION SELECT id FROM conversations WHERE callee = ?1 AND ended_at IS NULL
                """)
        var found: [UserID: [ConversationID]] = [:]
        for user in users {
            let ids = try Data.fetchAll(statement, arguments: [user.text]).compactMap { ConversationID(bytes: $0) }
            if !ids.isEmpty { found[user] = ids.sorted() }
        }
        return found
    }
}
