import DequeModule
import SwitchboardProtocol

/// One conversation as this device sees it: what it sends that is not accepted, and how far deliveries have come.
struct ConversationQueues: Sendable {
    /// In which order the conversations came up; their outboxes are sent again in this order.
    let ordinal: UInt64

    // Sends.
    private(set) var acceptedThrough: UInt32 = 0
    private(set) var unaccepted: Deque<WireMessage> = []
    /// Set while a temporary error keeps sends back: where to begin again.
    var resendFrom: UInt32?
    /// Temporary errors in a row.
    var postponements = 0

    // Deliveries.
    /// The highest contiguous delivery that the application has.
    var received: UInt32 = 0
    /// Whether `received` means anything. False only for a conversation that was taken from storage.
    var hasCursor: Bool
    /// Deliveries since the last `ack`, duplicates included: a duplicate shows that an `ack` was lost.
    var unacknowledged = 0
    var isEnded = false

    init(ordinal: UInt64, hasCursor: Bool) {
        self.ordinal = ordinal
        self.hasCursor = hasCursor
    }

    init(ordinal: UInt64, restoring stored: OutboxRecord.Conversation) {
        self.init(ordinal: ordinal, hasCursor: false)
        acceptedThrough = stored.acceptedThrough
        unaccepted = Deque(stored.unaccepted)
    }

    var lastNumber: UInt32 { acceptedThrough + UInt32(unaccepted.count) }

    /// The numbers that wait for acceptance.
    var waitingNumbers: [UInt32] { unaccepted.indices.map { acceptedThrough + UInt32($0) + 1 } }

    mutating func append(_ message: WireMessage) -> UInt32 {
        unaccepted.append(message)
        return lastNumber
    }

    func message(_ number: UInt32) -> WireMessage? {
        guard number > acceptedThrough, number <= lastNumber else { return nil }
        return unaccepted[Int(number - acceptedThrough) - 1]
    }

    /// True if that was news. A number beyond all that is known here (a storage that lost its last writes) moves the
    /// numbering on, so that it is not used twice.
    mutating func accept(through number: UInt32) -> Bool {
        guard number > acceptedThrough else { return false }
        unaccepted.removeFirst(min(Int(number - acceptedThrough), unaccepted.count))
        acceptedThrough = number
        if let first = resendFrom { resendFrom = max(first, number + 1) }
        postponements = 0
        return true
    }

    /// A new connection knows nothing of what was put on the old one.
    mutating func connectionLost() {
        resendFrom = nil
        postponements = 0
        unacknowledged = 0
    }
}
