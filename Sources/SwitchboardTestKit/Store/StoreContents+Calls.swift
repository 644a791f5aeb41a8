import SwitchboardCore
import SwitchboardProtocol

/// What comes with the entries of calls, and what is found of calls that nobody looks after.
extension StoreContents {
    struct WaitingCommand {
        var reason: EndReason
        var written: Duration
    }

    func isLive(_ conversation: ConversationID) -> Bool {
        conversations[conversation].map { $0.endedAt == nil } ?? false
    }

    // MARK: With an append

    /// The other call that has the pair; nil: the append may go on.
    func blocking(_ append: LogAppend) -> PairHolder? {
        let replaced: ConversationID?
        switch append.pair {
        case .take: replaced = nil
        case .replace(_, let other, _): replaced = other
        case .accept, .release, nil: return nil
        }
        guard let pair = append.pair, let holder = pairs[pair.key], holder.conversation != append.conversation,
            holder.conversation != replaced, isLive(holder.conversation)
        else { return nil }
        return holder
    }

    /// What follows from an append that took effect; returns how many pushes it made due.
    mutating func follow(_ append: LogAppend, at now: Duration) -> Int {
        if let pair = append.pair { take(pair, append) }
        if let command = append.command, isLive(command.conversation), commands[command.conversation] == nil {
            commands[command.conversation] = WaitingCommand(reason: command.reason, written: now)
        }
        if append.row.isEnded { commands[append.conversation] = nil }
        return append.push.map { pushes.apply($0, of: append.conversation, at: now) } ?? 0
    }

    private mutating func take(_ step: PairStep, _ append: LogAppend) {
        let isOwn = pairs[step.key]?.conversation == append.conversation
        switch step {
        case .take(let key, let media), .replace(let key, _, let media):
            guard !isOwn else { return }
            pairs[key] = PairHolder(
                conversation: append.conversation, caller: append.row.caller, media: media, isAccepted: false)
        case .accept(let key):
            if isOwn { pairs[key]?.isAccepted = true }
        case .release(let key):
            if isOwn { pairs[key] = nil }
        }
    }

    // MARK: Finding what nobody leads

    func orphans(
        living: [Incarnation], slice: Int, slices: Int, grace: Duration, limit: Int, at now: Duration
    ) -> [Orphan] {
        var found: [Orphan] = []
        for id in conversations.keys.sorted() {
            guard let conversation = conversations[id], conversation.endedAt == nil, found.count < limit,
                id.low % UInt64(max(slices, 1)) == UInt64(slice)
            else { continue }
            let isOverdue = conversation.deadline.map { $0 + grace < now } ?? false
            let command = commands[id]
            let isToEnd = command.map { $0.written + .seconds(2) < now } ?? false
            guard isOverdue || isToEnd || !living.contains(conversation.row.leader) else { continue }
            found.append(Orphan(conversation: id, leader: conversation.row.leader, command: command?.reason))
        }
        return found
    }

    /// What a scan deletes beside.
    mutating func dropCommands() {
        for id in commands.keys where !isLive(id) { commands[id] = nil }
    }

    mutating func collect(endedBefore age: Duration, limit: Int, at now: Duration) {
        for id in conversations.keys.sorted().prefix(limit) {
            if let endedAt = conversations[id]?.endedAt, endedAt + age <= now { conversations[id] = nil }
        }
        for (key, holder) in pairs.sorted(by: { $0.key < $1.key }).prefix(limit) where !isLive(holder.conversation) {
            pairs[key] = nil
        }
        pushes.collect(writtenBefore: now - .seconds(86_400), limit: limit)
    }
}
