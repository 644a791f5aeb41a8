import Foundation
import GRDB
import SwitchboardCore
import SwitchboardProtocol

/// Push endpoints, and the dispatcher's part of the outbox; within a transaction.
extension SQLiteSession {
    // MARK: Endpoints

    func register(_ endpoint: PushEndpoint, maximumPerUser: Int) throws {
        for text in [endpoint.id.text, endpoint.user.text, endpoint.target, endpoint.parameters]
        where text.utf8.contains(0) {
            throw DataRefusal("a push endpoint holds a NUL character")
        }
        let others = try Int.fetchOne(
            db.cachedStatement(sql: "SELECT count(*) FROM push_endpoints WHERE user = ? AND id <> ?"),
            arguments: [endpoint.user.text, endpoint.id.text])
        guard (others ?? 0) < maximumPerUser else { throw PushOutboxError.tooManyEndpoints(maximumPerUser) }
        try db.cachedStatement(
            sql: """
                INSERT OR REPLACE INTO push_endpoints (id, user, provider, target, parameters, registered)
                VALUES (?, ?, ?, ?, ?, ?)
                """
        ).execute(arguments: [
            endpoint.id.text, endpoint.user.text, endpoint.provider.rawValue, endpoint.target, endpoint.parameters, now,
        ])
    }

    func removeEndpoint(_ id: PushEndpointID, of user: UserID) throws -> Bool {
        try db.cachedStatement(sql: "DELETE FROM push_endpoints WHERE id = ? AND user = ?")
            .execute(arguments: [id.text, user.text])
        return db.changesCount > 0
    }

    func endpoints(of user: UserID) throws -> [PushEndpoint] {
        let statement = try db.cachedStatement(
            sql: "SELECT id, user, provider, target, parameters FROM push_endpoints WHERE user = ? ORDER BY id")
        return try Row.fetchAll(statement, arguments: [user.text]).compactMap { Self.endpoint(in: $0, from: 0) }
    }

    // MARK: Claims

    /// What is due. What has expired dies here, and what was for an endpoint that its user has no more is dropped.
    func claimPushes(limit: Int, lease: Duration, by node: Incarnation) throws -> [ClaimedPush] {
        try node.checkText()
        let now = now
        let statement = try db.cachedStatement(
            sql: """
                SELECT o.endpoint, o.user, o.provider, o.target, o.parameters, o.number, o.conversation, o.kind, o.caller,
                    o.audio, o.video, o.reason, o.expires, o.attempts,
                    EXISTS (SELECT 1 FROM push_endpoints e WHERE e.id = o.endpoint AND e.user = o.user)
                FROM push_outbox o WHERE o.state = 'waiting' AND o.due <= ? ORDER BY o.due, o.number LIMIT ?
                """)
        var claimed: [ClaimedPush] = []
        for row in try Row.fetchAll(statement, arguments: [now, max(0, limit)]) {
            let number: Int64 = row[5]
            let expires: Int64 = row[12]
            if expires <= now {
                try endPush(number, "dead", note: "'expired' || coalesce('; before that: ' || note, '')")
            } else if row[14] == 0 {
                try endPush(number, "dropped", note: "'the endpoint was removed'")
            } else {
                try db.cachedStatement(
                    sql: "UPDATE push_outbox SET claimed_by = ?, due = ?, attempts = attempts + 1 WHERE number = ?"
                ).execute(arguments: [node.text, now + lease.spanMilliseconds, number])
                if let push = Self.claim(in: row, expiresIn: .milliseconds(expires - now)) { claimed.append(push) }
            }
        }
        return claimed.sorted { $0.number < $1.number }
    }

    /// - Parameter note: An expression of SQL.
    private func endPush(_ number: Int64, _ state: String, note: String) throws {
        try db.cachedStatement(sql: "UPDATE push_outbox SET state = ?, note = \(note) WHERE number = ?")
            .execute(arguments: [state, number])
    }

    /// A row that was dropped meanwhile stays so, but its endpoint goes if it is no more.
    func settlePushes(_ settlements: [PushSettlement], by node: Incarnation) throws {
        try node.checkText()
        let find = try db.cachedStatement(
            sql: "SELECT state, endpoint, user FROM push_outbox WHERE number = ? AND claimed_by = ?")
        for settlement in settlements {
            guard let row = try Row.fetchOne(find, arguments: [settlement.number, node.text]) else { continue }
            if case .endpointGone = settlement.outcome {
                _ = try removeEndpoint(PushEndpointID(row[1]), of: UserID(trusted: row[2]))
            }
            if row[0] == "waiting" { try settle(settlement) }
        }
    }

    private func settle(_ settlement: PushSettlement) throws {
        let reason = settlement.outcome.storedReason
        switch settlement.outcome {
        case .postponed(let pause, _):
            try db.cachedStatement(
                sql: "UPDATE push_outbox SET claimed_by = NULL, due = ?, note = ? WHERE number = ?"
            ).execute(arguments: [now + pause.spanMilliseconds, reason, settlement.number])
        case .taken, .dead, .endpointGone:
            let state = if case .taken = settlement.outcome { "taken" } else { "dead" }
            try db.cachedStatement(sql: "UPDATE push_outbox SET state = ?, note = ? WHERE number = ?")
                .execute(arguments: [state, reason, settlement.number])
        }
    }

    // MARK: Reads

    func nextPushDue() throws -> Duration? {
        let due = try Int64.fetchOne(
            db.cachedStatement(
                sql: "SELECT due FROM push_outbox WHERE state = 'waiting' ORDER BY due, number LIMIT 1"))
        return due.map { .milliseconds(max(0, $0 - now)) }
    }

    func deadPushes(limit: Int) throws -> [DeadPush] {
        let statement = try db.cachedStatement(
            sql: """
                SELECT endpoint, user, provider, target, parameters, number, conversation, attempts, note FROM push_outbox
                WHERE state = 'dead' ORDER BY number DESC LIMIT ?
                """)
        return try Row.fetchAll(statement, arguments: [max(0, limit)]).compactMap { row in
            guard let endpoint = Self.endpoint(in: row, from: 0), let conversation = Self.conversation(in: row, at: 6)
            else { return nil }
            return DeadPush(
                number: row[5], conversation: conversation, user: endpoint.user, endpoint: endpoint.id,
                provider: endpoint.provider, attempts: row[7], reason: row[8] ?? "")
        }
    }

    private static func conversation(in row: Row, at column: Int) -> ConversationID? {
        ConversationID(bytes: row[column] as Data)
    }

    /// Five columns: id, user, provider, target, parameters. nil: a provider that this release does not know.
    private static func endpoint(in row: Row, from column: Int) -> PushEndpoint? {
        PushProviderKind(rawValue: row[column + 2]).map { provider in
            PushEndpoint(
                id: PushEndpointID(row[column]), user: UserID(trusted: row[column + 1]), provider: provider,
                target: row[column + 3], parameters: row[column + 4])
        }
    }

    private static func claim(in row: Row, expiresIn: Duration) -> ClaimedPush? {
        let stored = StoredPushKind(name: row[7], caller: row[8], audio: row[9], video: row[10], reason: row[11])
        guard let endpoint = endpoint(in: row, from: 0), let kind = stored.kind,
            let conversation = conversation(in: row, at: 6)
        else { return nil }
        return ClaimedPush(
            number: row[5], conversation: conversation, kind: kind, endpoint: endpoint, expiresIn: expiresIn,
            attempts: row[13])
    }
}
