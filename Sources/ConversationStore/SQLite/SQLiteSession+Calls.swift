import Foundation
import GRDB
import SwitchboardCore
import SwitchboardProtocol

/// What comes with the entries of calls, in their transaction.
extension SQLiteSession {
    /// The other call that has the pair; nil: the append may go on.
    func blocking(_ append: LogAppend) throws -> PairHolder? {
        guard let pair = append.pair, pair.media != nil, let holder = try holder(of: pair.key),
            holder.conversation != append.conversation, holder.conversation != pair.replaced
        else { return nil }
        return try isLive(holder.conversation) ? holder : nil
    }

    /// What follows from an append that took effect; returns how many pushes it made due.
    func follow(_ append: LogAppend) throws -> Int {
        if let pair = append.pair { try take(pair, append) }
        if let command = append.command, try isLive(command.conversation) {
            try db.cachedStatement(
                sql: """
                    INSERT INTO end_commands (conversation, reason, written) VALUES (?, ?, ?) ON CONFLICT DO NOTHING
                    """
            ).execute(arguments: [command.conversation.data, command.reason.rawValue, now])
        }
        if append.row.isEnded {
            try db.cachedStatement(sql: "DELETE FROM end_commands WHERE conversation = ?")
                .execute(arguments: [append.conversation.data])
        }
        return switch append.push {
        case .invite(let user, let caller, let media, let lifetime)?:
            try pushInvites(append.conversation, user, caller, media, lifetime: lifetime)
        case .cancel(let reason)?: try pushCancels(append.conversation, reason)
        case nil: 0
        }
    }

    private func isLive(_ conversation: ConversationID) throws -> Bool {
        let statement = try db.cachedStatement(sql: "SELECT 1 FROM conversations WHERE id = ? AND ended_at IS NULL")
        return try Int.fetchOne(statement, arguments: [conversation.data]) != nil
    }

    // MARK: Pairs

    private func holder(of key: PairKey) throws -> PairHolder? {
        let statement = try db.cachedStatement(
            sql: "SELECT conversation, caller, audio, video, accepted FROM pairs WHERE low = ? AND high = ?")
        return try Row.fetchOne(statement, arguments: [key.low.text, key.high.text]).flatMap { row in
            ConversationID(bytes: row[0] as Data).map { conversation in
                PairHolder(
                    conversation: conversation, caller: UserID(trusted: row[1]),
                    media: PairMedia(audio: row[2], video: row[3]), isAccepted: row[4])
            }
        }
    }

    private func take(_ step: PairStep, _ append: LogAppend) throws {
        let key = [step.key.low.text, step.key.high.text]
        switch step {
        case .take(_, let media), .replace(_, _, let media):
            // A row that names this call already stays as it is.
            try db.cachedStatement(
                sql: """
                    INSERT INTO pairs (low, high, conversation, caller, audio, video) VALUES (?, ?, ?, ?, ?, ?)
                    ON CONFLICT (low, high) DO UPDATE
                    SET conversation = excluded.conversation, caller = excluded.caller, audio = excluded.audio,
                        video = excluded.video, accepted = 0
                    WHERE conversation <> excluded.conversation
                    """
            ).execute(arguments: [
                key[0], key[1], append.conversation.data, append.row.caller.text, media.audio, media.video,
            ])
        case .accept:
            try db.cachedStatement(sql: "UPDATE pairs SET accepted = 1 WHERE low = ? AND high = ? AND conversation = ?")
                .execute(arguments: [key[0], key[1], append.conversation.data])
        case .release:
            try db.cachedStatement(sql: "DELETE FROM pairs WHERE low = ? AND high = ? AND conversation = ?")
                .execute(arguments: [key[0], key[1], append.conversation.data])
        }
    }

    // MARK: Pushes

    private func pushInvites(
        _ conversation: ConversationID, _ user: UserID, _ caller: UserID, _ media: PairMedia, lifetime: Duration
    ) throws -> Int {
        let now = now
        try db.cachedStatement(
            sql: """
                INSERT INTO push_outbox (conversation, kind, endpoint, user, provider, target, parameters, caller, audio,
                    video, expires, due, written)
                SELECT ?1, 'invite', id, user, provider, target, parameters, ?2, ?3, ?4, ?5, ?6, ?6
                FROM push_endpoints WHERE user = ?7 ORDER BY id
                """
        ).execute(arguments: [
            conversation.data, caller.text, media.audio, media.video, now + lifetime.spanMilliseconds, now, user.text,
        ])
        return db.changesCount
    }

    /// An endpoint that an invite may have reached gets a cancel: its provider has taken the invite, or the node has tried.
    private func pushCancels(_ conversation: ConversationID, _ reason: EndReason) throws -> Int {
        let now = now
        try db.cachedStatement(
            sql: """
                INSERT INTO push_outbox (conversation, kind, endpoint, user, provider, target, parameters, caller, audio,
                    video, reason, expires, due, written)
                SELECT conversation, 'cancel', endpoint, user, provider, target, parameters, caller, audio, video, ?2,
                    ?3 + 60000, ?3, ?3
                FROM push_outbox
                WHERE number IN (
                    SELECT min(number) FROM push_outbox
                    WHERE conversation = ?1 AND kind = 'invite'
                        AND (state = 'taken' OR state = 'waiting' AND attempts > 0)
                    GROUP BY endpoint
                )
                ORDER BY number
                """
        ).execute(arguments: [conversation.data, reason.rawValue, now])
        let made = db.changesCount
        try db.cachedStatement(
            sql: """
                UPDATE push_outbox SET state = 'dropped', note = 'the call does not ring any more'
                WHERE conversation = ? AND kind = 'invite' AND state = 'waiting'
                """
        ).execute(arguments: [conversation.data])
        return made
    }
}
