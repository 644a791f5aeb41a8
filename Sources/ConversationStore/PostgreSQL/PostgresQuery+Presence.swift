import PostgresClient
import SwitchboardCore
import SwitchboardProtocol

extension PreparedStatement {
    fileprivate static let announce = PreparedStatement(
        "announce",
        """
        INSERT INTO presence AS p (user_id, device, incarnation, connection, counter)
        SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[])
        ON CONFLICT (user_id, device, incarnation, connection) DO UPDATE SET counter = excluded.counter
        WHERE p.counter <> excluded.counter
        """)

    fileprivate static let liveConversations = PreparedStatement(
        "live_conversations",
        """
        SELECT u.name, c.id FROM unnest($1::text[]) AS u (name)
        JOIN conversations c ON c.caller = u.name AND c.ended_at IS NULL
        UNION
        SELECT u.name, c.id FROM unnest($1::text[]) AS u (name)
        JOIN conversations c ON c.callee = u.name AND c.ended_at IS NULL
        ORDER BY 1, 2
        """)

    fileprivate static let withdraw = PreparedStatement(
        "withdraw",
        """
        DELETE FROM presence p USING unnest($1::text[], $2::text[], $3::text[], $4::bigint[])
            AS k (user_id, device, incarnation, connection)
        WHERE p.user_id = k.user_id AND p.device = k.device AND p.incarnation = k.incarnation
            AND p.connection = k.connection
        """)

    fileprivate static let forget = PreparedStatement("forget", "DELETE FROM presence WHERE incarnation = $1")

    fileprivate static let ownPresence = PreparedStatement(
        "own_presence",
        "SELECT user_id, device, incarnation, connection, counter FROM presence WHERE incarnation = $1")

    /// Each incarnation by one look into the index behind the one before: their number is that of nodes, not of rows.
    fileprivate static let presentIncarnations = PreparedStatement(
        "present_incarnations",
        """
        WITH RECURSIVE present (incarnation) AS (
            (SELECT incarnation FROM presence ORDER BY incarnation LIMIT 1)
            UNION ALL
            SELECT (SELECT p.incarnation FROM presence p WHERE p.incarnation > present.incarnation
                ORDER BY p.incarnation LIMIT 1)
            FROM present WHERE present.incarnation IS NOT NULL
        )
        SELECT incarnation FROM present WHERE incarnation IS NOT NULL
        """)

    fileprivate static let presence = PreparedStatement(
        "presence",
        """
        SELECT user_id, device, incarnation, connection, counter FROM presence WHERE user_id = ANY ($1::text[])
        ORDER BY user_id, device, incarnation, connection
        """)
}

extension PostgresStatement {
    /// Reads the presence of users. Names that the server would refuse have no rows, and would fail the whole statement.
    static func readPresence(of users: some Sequence<UserID>) -> PostgresStatement {
        let names = Set(users).map(\.text).filter { !$0.utf8.contains(0) }
        return PreparedStatement.presence.bind(names.sorted())
    }
}

extension PostgresRows {
    /// Rows of ``PostgresStatement/readPresence(of:)``.
    func decodePresence() throws(PostgresDecodingError) -> [UserID: [PresenceRow]] {
        var found: [UserID: [PresenceRow]] = [:]
        for row in self {
            let user = try row.decodeUser(0)
            let address = DeviceAddress(user: user, device: DeviceID(trusted: try row.decode(1)))
            let key = PresenceKey(
                address: address, incarnation: try row.decodeIncarnation(2),
                connection: ConnectionID(stored: try row.decode(3)))
            let counter = UInt32(clamping: try row.decode(4, as: Int64.self))
            found[user, default: []].append(PresenceRow(key: key, counter: counter))
        }
        return found
    }
}

extension PostgresQuery {
    /// The rows are committed before the conversations are read: in one flush, but with a snapshot of their own.
    static func announce(_ rows: [PresenceRow]) -> PostgresQuery {
        // The last word on a key counts, and a statement may touch a row once only.
        var counters: [PresenceKey: UInt32] = [:]
        for row in rows { counters[row.key] = row.counter }
        // Sorted, so that two nodes never wait for each other in a circle.
        let keys = counters.keys.sorted {
            ($0.address, $0.incarnation, $0.connection) < ($1.address, $1.incarnation, $1.connection)
        }
        let insert = PreparedStatement.announce.bind(
            keys.map(\.address.user.text), keys.map(\.address.device.text), keys.map(\.incarnation.text),
            keys.map(\.connection.stored), keys.map { Int64(counters[$0] ?? 0) })
        let users = Set(rows.map(\.key.address.user.text)).sorted()
        let live = PreparedStatement.liveConversations.bind(users)
        return PostgresQuery(.transaction([insert], then: [live])) { report in
            var found: [UserID: [ConversationID]] = [:]
            for row in report.rows(PostgresBatch.resultIndex(behindTransactionOf: 1, 0)) {
                found[try row.decodeUser(0), default: []].append(try row.decodeConversation(1))
            }
            return .announced(found)
        }
    }

    static func withdraw(_ keys: [PresenceKey]) -> PostgresQuery {
        let statement = PreparedStatement.withdraw.bind(
            keys.map(\.address.user.text), keys.map(\.address.device.text), keys.map(\.incarnation.text),
            keys.map(\.connection.stored))
        return PostgresQuery(PostgresBatch([statement])) { _ in .done }
    }

    static func forget(_ incarnation: Incarnation) -> PostgresQuery {
        PostgresQuery(PostgresBatch([PreparedStatement.forget.bind(incarnation.text)])) { _ in .done }
    }

    static func readOwnPresence(_ incarnation: Incarnation) -> PostgresQuery {
        PostgresQuery(PostgresBatch([PreparedStatement.ownPresence.bind(incarnation.text)])) { report in
            .presence(try report.rows(0).decodePresence())
        }
    }

    static func readPresentIncarnations() -> PostgresQuery {
        PostgresQuery(PostgresBatch([PreparedStatement.presentIncarnations.bind()])) { report in
            var found: [Incarnation] = []
            for row in report.rows(0) { found.append(try row.decodeIncarnation(0)) }
            return .incarnations(found)
        }
    }

    static func readPresence(_ users: [UserID]) -> PostgresQuery {
        PostgresQuery(PostgresBatch([.readPresence(of: users)])) { report in
            .presence(try report.rows(0).decodePresence())
        }
    }
}
