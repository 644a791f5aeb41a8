public import SwitchboardCore
public import SwitchboardProtocol

/// What one leader believes of one log, and the appends that follow from it.
public struct SampleLog: Sendable {
    public let conversation: ConversationID
    public var row: ConversationRow
    /// The newest entry, as far as is known.
    public var last: (index: UInt32, id: AppendID)?
    public var born: LogDay?

    public init(
        _ conversation: ConversationID = .random(), leader: StoreClient, caller: String = "alice",
        callee: String? = "bob", deadline: Duration? = nil
    ) {
        self.conversation = conversation
        row = ConversationRow(
            caller: UserID(trusted: caller), callee: callee.map(UserID.init(trusted:)), leader: leader.incarnation,
            epoch: 1, isEnded: false, deadline: deadline)
    }

    /// The append that follows; `marker` tells entries apart.
    public func next(
        _ client: StoreClient, marker: Double = 0, checkpoint: Bool = false, presenceOf: [String] = []
    ) -> LogAppend {
        LogAppend(
            conversation: conversation, index: (last?.index ?? 0) + 1, predecessor: last?.id, id: client.nextID(),
            entry: .sample(marker: marker), born: born, isCheckpoint: checkpoint, row: row,
            presenceOf: presenceOf.map(UserID.init(trusted:)))
    }

    /// Notes what became of an append.
    public mutating func note(_ append: LogAppend, _ result: AppendResult) {
        guard case .committed(let day) = result else { return }
        last = (append.index, append.id)
        born = day
    }

    /// Notes what was found in the store.
    public mutating func note(_ log: StoredLog) {
        born = log.born
        last = log.entries.last.map { ($0.index, $0.id) }
    }

    /// Says that nothing stands beyond what is known; nil if nothing is known.
    public var confirmation: LogConfirmation? {
        guard let last, let born else { return nil }
        return LogConfirmation(conversation: conversation, index: last.index, id: last.id, born: born)
    }
}

extension LogEntry {
    /// An entry that can be told from others by its time.
    public static func sample(marker: Double) -> LogEntry {
        var entry = LogEntry()
        entry.level = 1
        entry.timeMs = marker
        return entry
    }
}

extension ConversationID {
    public static func random() -> ConversationID {
        var generator = SystemRandomNumberGenerator()
        return ConversationID(high: generator.next(), low: generator.next())
    }
}
