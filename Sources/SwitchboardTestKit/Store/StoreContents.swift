import SwitchboardCore
import SwitchboardProtocol

/// What a database holds, and the rules of the store's port, applied exactly. A value: a copy of it is what a standby has.
struct StoreContents {
    struct Entry {
        var id: AppendID
        var entry: LogEntry
        var written: Duration
        var isCheckpoint: Bool
    }

    struct Conversation {
        var born: LogDay
        var row: ConversationRow
        var deadline: Duration?
        var endedAt: Duration?
        var entries: [Entry] = []
    }

    var conversations: [ConversationID: Conversation] = [:]
    var presence: [UserID: [PresenceKey: UInt32]] = [:]
    var pairs: [PairKey: PairHolder] = [:]
    var commands: [ConversationID: WaitingCommand] = [:]
    var pushes = PushOutboxContents()
    var featureLevel = FeatureLevel.newest

    /// One transaction: confirmations see the logs as they were before the appends; each append stands for itself.
    mutating func commit(_ batch: StoreBatch, at now: Duration, fence: Fence) -> StoreBatchResult {
        let confirmations = batch.confirmations.map { confirm($0) }
        var result = StoreBatchResult(
            appends: Array(repeating: .clash, count: batch.appends.count), confirmations: confirmations)
        var asked: [UserID] = []
        for place in batch.placesInPairOrder {
            let append = batch.appends[place]
            if let holder = blocking(append) {
                result.appends[place] = .blocked(holder)
                continue
            }
            result.appends[place] = self.append(append, at: now, fence: fence)
            guard case .committed = result.appends[place] else { continue }
            asked += append.presenceOf
            let pushes = follow(append, at: now)
            if pushes > 0 { result.pushes[append.conversation] = pushes }
        }
        result.presence = readPresence(asked)
        return result
    }

    private mutating func append(_ append: LogAppend, at now: Duration, fence: Fence) -> AppendResult {
        var conversation: Conversation
        if let existing = conversations[append.conversation] {
            conversation = existing
        } else {
            guard append.index == 1 || fence == .missing else { return .clash }
            let day = Int32(truncatingIfNeeded: now.components.seconds / 86_400)
            conversation = Conversation(born: LogDay(day), row: append.row)
        }
        if fence == .whole {
            guard append.index == UInt32(conversation.entries.count) + 1,
                append.predecessor == conversation.entries.last?.id,
                append.born == nil || append.born == conversation.born
            else { return .clash }
        }
        conversation.entries.append(
            Entry(id: append.id, entry: append.entry, written: now, isCheckpoint: append.isCheckpoint))
        conversation.row = append.row
        conversation.deadline = append.row.deadline.map { now + $0 }
        if append.row.isEnded, conversation.endedAt == nil { conversation.endedAt = now }
        conversations[append.conversation] = conversation
        return .committed(conversation.born)
    }

    private func confirm(_ confirmation: LogConfirmation) -> Bool {
        guard let conversation = conversations[confirmation.conversation] else { return false }
        return conversation.born == confirmation.born
            && UInt32(conversation.entries.count) == confirmation.index
            && conversation.entries.last?.id == confirmation.id
    }

    func load(_ id: ConversationID, at now: Duration) -> StoredLog? {
        guard let conversation = conversations[id] else { return nil }
        let start = conversation.entries.lastIndex(where: \.isCheckpoint) ?? 0
        var row = conversation.row
        row.deadline = conversation.deadline.map { max($0 - now, .zero) }
        return StoredLog(
            born: conversation.born, row: row,
            entries: entries(of: conversation, in: start..<conversation.entries.count, at: now))
    }

    func read(_ id: ConversationID, _ range: ClosedRange<UInt32>, at now: Duration) -> [StoredEntry] {
        guard let conversation = conversations[id], range.lowerBound > 0 else { return [] }
        let end = min(Int(range.upperBound), conversation.entries.count)
        let start = Int(range.lowerBound) - 1
        return start < end ? entries(of: conversation, in: start..<end, at: now) : []
    }

    private func entries(of conversation: Conversation, in range: Range<Int>, at now: Duration) -> [StoredEntry] {
        range.map { place in
            let entry = conversation.entries[place]
            return StoredEntry(
                index: UInt32(place + 1), id: entry.id, entry: entry.entry, age: max(now - entry.written, .zero))
        }
    }

    // MARK: Presence

    /// Inserts; afterwards the live conversations of those users may be read.
    mutating func announce(_ rows: [PresenceRow]) {
        for row in rows {
            presence[row.key.address.user, default: [:]][row.key] = row.counter
        }
    }

    func liveConversations(of users: Set<UserID>) -> [UserID: [ConversationID]] {
        var found: [UserID: [ConversationID]] = [:]
        for (id, conversation) in conversations where conversation.endedAt == nil {
            for user in [conversation.row.caller, conversation.row.callee].compactMap({ $0 }) where users.contains(user)
            {
                found[user, default: []].append(id)
            }
        }
        return found.mapValues { $0.sorted() }
    }

    mutating func withdraw(_ keys: [PresenceKey]) {
        for key in keys {
            presence[key.address.user]?[key] = nil
        }
    }

    mutating func forget(_ incarnation: Incarnation) {
        for user in presence.keys {
            presence[user] = presence[user]?.filter { $0.key.incarnation != incarnation }
        }
    }

    func readOwnPresence(_ incarnation: Incarnation) -> [UserID: [PresenceRow]] {
        readPresence(Array(presence.keys)).compactMapValues { rows in
            let own = rows.filter { $0.key.incarnation == incarnation }
            return own.isEmpty ? nil : own
        }
    }

    var presentIncarnations: [Incarnation] {
        Set(presence.values.flatMap { $0.keys.map(\.incarnation) }).sorted()
    }

    func readPresence(_ users: [UserID]) -> [UserID: [PresenceRow]] {
        var found: [UserID: [PresenceRow]] = [:]
        for user in users {
            guard let rows = presence[user], !rows.isEmpty else { continue }
            found[user] = rows.map { PresenceRow(key: $0.key, counter: $0.value) }
                .sorted { left, right in
                    (left.key.address, left.key.incarnation, left.key.connection)
                        < (right.key.address, right.key.incarnation, right.key.connection)
                }
        }
        return found
    }
}

/// Whether appends are conditional. A store without the fence is a mutant: tests must notice it.
public enum Fence: Sendable {
    case whole
    /// Everything is appended, whatever the leader believes of the log.
    case missing
}
