import DequeModule
import SwitchboardProtocol

/// Conversations found without a leader by the scan, claimed at a bounded pace: those with devices attached here do not come
/// this way, they are claimed at once.
struct Recovery: Sendable {
    private var waiting: Deque<ConversationID> = []
    private var known: Set<ConversationID> = []
    private(set) var inFlight: Set<ConversationID> = []
    var isScanning = false
    /// The last scan was cut at its limit: there is more.
    var hasMore = false

    var count: Int { known.count }
    var isIdle: Bool { known.isEmpty }

    mutating func add(_ conversation: ConversationID) {
        guard known.insert(conversation).inserted else { return }
        waiting.append(conversation)
    }

    mutating func next(limit: Int) -> ConversationID? {
        guard inFlight.count < limit, let conversation = waiting.popFirst() else { return nil }
        inFlight.insert(conversation)
        return conversation
    }

    /// Returns true if it was under way.
    @discardableResult
    mutating func settled(_ conversation: ConversationID) -> Bool {
        guard inFlight.remove(conversation) != nil else { return false }
        known.remove(conversation)
        return true
    }
}
