public import SwitchboardCore
public import SwitchboardProtocol

/// Short forms to look at results; nil, empty or false if the result is another.
extension StoreResult {
    public var batch: StoreBatchResult? {
        if case .committed(let batch) = self { batch } else { nil }
    }

    public var appends: [AppendResult] { batch?.appends ?? [] }
    public var confirmations: [Bool] { batch?.confirmations ?? [] }

    public var log: StoredLog? {
        if case .loaded(let log) = self { log } else { nil }
    }

    public var isAbsentLog: Bool {
        if case .loaded(nil) = self { true } else { false }
    }

    public var entries: [StoredEntry]? {
        if case .read(let entries) = self { entries } else { nil }
    }

    public var live: [UserID: [ConversationID]]? {
        if case .announced(let live) = self { live } else { nil }
    }

    public var presence: [UserID: [PresenceRow]]? {
        switch self {
        case .presence(let presence): presence
        case .committed(let batch): batch.presence
        default: nil
        }
    }

    public var orphans: [Orphan]? {
        if case .orphans(let orphans) = self { orphans } else { nil }
    }

    public var featureLevel: UInt32? {
        if case .featureLevel(let level) = self { level } else { nil }
    }

    public var isDone: Bool {
        if case .done = self { true } else { false }
    }

    public var isUnknown: Bool {
        if case .unknown = self { true } else { false }
    }

    public var unavailability: String? {
        if case .unavailable(let reason) = self { reason } else { nil }
    }

    public var refusal: String? {
        if case .refused(let reason) = self { reason } else { nil }
    }
}

extension AppendResult {
    public var day: LogDay? {
        if case .committed(let day) = self { day } else { nil }
    }

    public var isRefused: Bool {
        if case .refused = self { true } else { false }
    }
}
