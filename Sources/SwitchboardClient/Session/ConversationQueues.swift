import DequeModule
import SwitchboardProtocol

/// One conversation as this device sees it: what it sends that is not accepted, and how far deliveries have come.
struct ConversationQueues: Sendable {
    /// In which order the conversations came up; their outboxes are sent again in this order.
    let ordinal: UInt64

    // Sends.
    private(set) var acceptedThrough: UInt32 = 0
    private(set) var unaccepted: Deque<WireMessage> = []
    /// The last number that was put on the present connection.
    private(set) var transmittedThrough: UInt32 = 0
    /// Set while a temporary error keeps all sends back.
    var isPostponed = false
    /// Temporary errors in a row.
    var postponements = 0
    /// When the first message was taken from the application, for the age of an invite.
    private(set) var firstQueuedAt: Duration = .zero

    // Deliveries.
    /// The highest contiguous delivery that the application has.
    var received: UInt32 = 0
    /// Whether `received` means anything. False only for a conversation that was taken from storage.
    var hasCursor: Bool
    /// This connection has brought `received`, or something behind it.
    var isConfirmed = false
    /// Taken from storage, and the server has said nothing of it yet.
    var isRestored = false
    /// Deliveries since the last `ack`, duplicates included: a duplicate shows that an `ack` was lost.
    var unacknowledged = 0
    var isEnded = false
    /// This device has asked for the call, which goes on on another one.
    var isTakenOver = false

    init(ordinal: UInt64, hasCursor: Bool) {
        self.ordinal = ordinal
        self.hasCursor = hasCursor
    }

    init(ordinal: UInt64, restoring stored: OutboxRecord.Conversation) {
        self.init(ordinal: ordinal, hasCursor: false)
        acceptedThrough = stored.acceptedThrough
        transmittedThrough = stored.acceptedThrough
        unaccepted = Deque(stored.unaccepted)
        isRestored = true
    }

    var lastNumber: UInt32 { acceptedThrough + UInt32(unaccepted.count) }

    /// The numbers that wait for acceptance.
    var waitingNumbers: [UInt32] { unaccepted.indices.map { acceptedThrough + UInt32($0) + 1 } }

    /// nil if it does not wait for acceptance.
    func message(_ number: UInt32) -> WireMessage? {
        guard number > acceptedThrough, number <= lastNumber else { return nil }
        return unaccepted[Int(number - acceptedThrough) - 1]
    }

    /// Nothing of it was ever accepted or received, and its first message waits: no server can know it yet, and an
    /// answer that there is no such conversation would cross with that message.
    var isUnknownToServers: Bool { received == 0 && acceptedThrough == 0 && !unaccepted.isEmpty }

    /// The number of the invite that waits for acceptance before everything else; nil: there is none.
    var waitingInvite: UInt32? {
        if case .invite = unaccepted.first?.content { acceptedThrough + 1 } else { nil }
    }

    mutating func append(_ message: WireMessage, now: Duration) -> UInt32 {
        unaccepted.append(message)
        if lastNumber == 1 { firstQueuedAt = now }
        return lastNumber
    }

    /// The next message that may be put on the connection, which counts as put there; nil if there is none, or if as many
    /// as `window` are on their way.
    mutating func takeTransmittable(window: Int, now: Duration) -> (number: UInt32, message: WireMessage)? {
        let place = Int(transmittedThrough - acceptedThrough)
        guard !isPostponed, place < unaccepted.count, place < window else { return nil }
        transmittedThrough += 1
        var message = unaccepted[place]
        if transmittedThrough == 1, case .invite(var invite) = message.content {
            // Written anew each time: it is left out of the content that the server compares.
            invite.ageMs += max(.zero, now - firstQueuedAt) / .milliseconds(1)
            message.content = .invite(invite)
        }
        return (transmittedThrough, message)
    }

    /// Everything from this number on is put on the connection again.
    mutating func rewind(to number: UInt32) {
        transmittedThrough = min(transmittedThrough, max(number, acceptedThrough + 1) - 1)
    }

    /// How many waited and wait no more; nil if it was no news. A number beyond all that is known here (a storage that
    /// lost its last writes) moves the numbering on, so that it is not used twice.
    mutating func accept(through number: UInt32) -> Int? {
        guard number > acceptedThrough else { return nil }
        let count = min(Int(number - acceptedThrough), unaccepted.count)
        unaccepted.removeFirst(count)
        acceptedThrough = number
        transmittedThrough = max(transmittedThrough, number)
        postponements = 0
        return count
    }

    /// A new connection knows nothing of what was put on the old one.
    mutating func connectionLost() {
        transmittedThrough = acceptedThrough
        isPostponed = false
        postponements = 0
        unacknowledged = 0
        isConfirmed = false
    }
}
