import GRDB
import SwitchboardCore
import SwitchboardProtocol

extension SQLiteSession {
    /// One transaction; each append in a savepoint of its own, so that only the culprit fails.
    func commit(_ batch: StoreBatch) -> StoreResult {
        var result = StoreBatchResult(appends: [])
        do {
            try db.beginTransaction(.immediate)
            // Before the appends, for these may extend the log that is confirmed.
            result.confirmations = try batch.confirmations.map(confirm)
            result.appends = Array(repeating: .clash, count: batch.appends.count)
            for place in batch.placesInPairOrder {
                let (outcome, pushes) = try append(batch.appends[place])
                result.appends[place] = outcome
                if pushes > 0 { result.pushes[batch.appends[place].conversation] = pushes }
            }
        } catch {
            rollBack()
            return .unavailable(reason: SQLiteFailure(error).reason)
        }
        do {
            try db.commit()
        } catch {
            // An I/O error here may have come before or after the commit reached the file.
            rollBack()
            return .unknown(reason: SQLiteFailure(error).reason)
        }
        do {
            result.presence = try presence(of: usersAsked(batch.appends, result.appends))
        } catch {
            return .unknown(reason: "committed, but presence cannot be read: \(SQLiteFailure(error).reason)")
        }
        return .committed(result)
    }

    private func usersAsked(_ appends: [LogAppend], _ results: [AppendResult]) -> [UserID] {
        zip(appends, results).flatMap { append, result -> [UserID] in
            if case .committed = result { append.presenceOf } else { [] }
        }
    }

    private func rollBack() {
        // SQLite has rolled back by itself after some errors; another failure leaves nothing better to do.
        if db.isInsideTransaction { try? db.rollback() }
    }

    /// The result, and how many pushes were made due.
    private func append(_ append: LogAppend) throws -> (AppendResult, pushes: Int) {
        var result = AppendResult.clash
        var pushes = 0
        do {
            let body = try append.encodedBody()
            try append.checkText()
            if let holder = try blocking(append) { return (.blocked(holder), 0) }
            try db.inSavepoint {
                guard let born = try insert(append, body: body) else { return .rollback }
                pushes = try follow(append)
                result = .committed(born)
                return .commit
            }
        } catch {
            let failure = SQLiteFailure(error)
            guard failure.isDataError else { throw error }
            return (.refused(reason: failure.reason), 0)
        }
        return (result, pushes)
    }

    /// The fence: nil if the log is not as the append says.
    private func insert(_ append: LogAppend, body: [UInt8]) throws -> LogDay? {
        guard let born = try birthday(for: append) else { return nil }
        try db.cachedStatement(
            sql: """
                INSERT INTO log (conversation, position, incarnation, counter, body, checkpoint, written)
                VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING
                """
        ).execute(arguments: [
            append.conversation.data, append.index, append.id.incarnation.text, Int64(bitPattern: append.id.counter),
            body.data, append.isCheckpoint, now,
        ])
        guard db.changesCount == 1 else { return nil }
        try update(append.row, of: append.conversation)
        return born
    }

    /// The day of the conversation, if the append follows what stands.
    private func birthday(for append: LogAppend) throws -> LogDay? {
        guard append.index > 1 else {
            guard append.predecessor == nil else { return nil }
            try db.cachedStatement(
                sql: """
                    INSERT INTO conversations (id, born, caller, leader, epoch) VALUES (?, ?, ?, ?, ?)
                    ON CONFLICT DO NOTHING
                    """
            ).execute(arguments: [
                append.conversation.data, LogDay(containing: now).number, append.row.caller.text,
                append.row.leader.text, append.row.epoch,
            ])
            return try storedBirthday(of: append.conversation)
        }
        guard
            let predecessor = append.predecessor, let born = try storedBirthday(of: append.conversation),
            append.born == nil || append.born == born,
            try entryID(of: append.conversation, at: append.index - 1) == predecessor
        else { return nil }
        return born
    }

    private func update(_ row: ConversationRow, of conversation: ConversationID) throws {
        let now = now
        try db.cachedStatement(
            sql: """
                UPDATE conversations SET caller = ?, callee = ?, leader = ?, epoch = ?,
                    ended_at = CASE WHEN ? THEN coalesce(ended_at, ?) END, deadline = ?
                WHERE id = ?
                """
        ).execute(arguments: [
            row.caller.text, row.callee?.text, row.leader.text, row.epoch, row.isEnded, now,
            row.deadline.map { now + $0.spanMilliseconds }, conversation.data,
        ])
    }

    private func confirm(_ confirmation: LogConfirmation) throws -> Bool {
        guard confirmation.index < LogAppend.maximumIndex else { return false }
        return try storedBirthday(of: confirmation.conversation) == confirmation.born
            && entryID(of: confirmation.conversation, at: confirmation.index) == confirmation.id
            && entryID(of: confirmation.conversation, at: confirmation.index + 1) == nil
    }

    private func storedBirthday(of conversation: ConversationID) throws -> LogDay? {
        let statement = try db.cachedStatement(sql: "SELECT born FROM conversations WHERE id = ?")
        return try Int32.fetchOne(statement, arguments: [conversation.data]).map(LogDay.init)
    }

    private func entryID(of conversation: ConversationID, at index: UInt32) throws -> AppendID? {
        let statement = try db.cachedStatement(
            sql: "SELECT incarnation, counter FROM log WHERE conversation = ? AND position = ?")
        return try Row.fetchOne(statement, arguments: [conversation.data, index]).map { row in
            AppendID(incarnation: Incarnation(trusted: row[0]), counter: UInt64(bitPattern: row[1]))
        }
    }
}
