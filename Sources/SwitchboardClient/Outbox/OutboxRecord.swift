public import SwitchboardProtocol

/// What a client remembers over a restart: its sends that are not accepted, and where its numbers stand. Delivery
/// cursors are not part of it: a client that starts gets a snapshot of each live conversation instead of a replay.
public struct OutboxRecord: Sendable, Equatable {
    /// One conversation's part.
    public struct Conversation: Sendable, Equatable {
        /// All up to this number are accepted.
        public var acceptedThrough: UInt32 = 0
        /// The following ones, in order. `ageMs` of an invite is its age when the record was loaded.
        public var unaccepted: [WireMessage] = []

        public init(acceptedThrough: UInt32 = 0) {
            self.acceptedThrough = acceptedThrough
        }
    }

    /// Names this life of the outbox; drawn at random when there is none stored.
    public let id: OutboxID
    /// Drawn together with the outbox: a device whose count of connections is lost must be another one.
    public var device: DeviceID?
    /// How many connections the device has opened.
    public var connections: UInt32 = 0
    public var conversations: [ConversationID: Conversation] = [:]

    public init(id: OutboxID) {
        self.id = id
    }

    /// An outbox that is new, of a device that is new, under ids drawn at random.
    public static func fresh() -> OutboxRecord {
        var record = OutboxRecord(id: OutboxID(trusted: ConversationID.random().description))
        record.device = DeviceID(trusted: ConversationID.random().description)
        return record
    }

    /// Applies a change; a change that does not fit (a number that does not follow) is ignored, since it can only come
    /// from a journal written twice.
    public mutating func apply(_ change: OutboxChange) {
        switch change {
        case .connectionCounted(let count):
            connections = max(connections, count)
        case .appended(let id, let number, let message):
            var conversation = conversations[id] ?? Conversation(acceptedThrough: number &- 1)
            guard number == conversation.acceptedThrough + UInt32(conversation.unaccepted.count) + 1 else { return }
            conversation.unaccepted.append(message)
            conversations[id] = conversation
        case .accepted(let id, let number):
            var conversation = conversations[id] ?? Conversation()
            guard number > conversation.acceptedThrough else { return }
            let count = min(Int(number - conversation.acceptedThrough), conversation.unaccepted.count)
            conversation.unaccepted.removeFirst(count)
            conversation.acceptedThrough = number
            conversations[id] = conversation
        case .forgotten(let id):
            conversations[id] = nil
        }
    }

    /// Conversations whose invite waits and is not taken back behind it.
    package var abandonedInvites: [ConversationID] {
        conversations.filter { _, conversation in
            guard case .invite = conversation.unaccepted.first?.content else { return false }
            return !conversation.unaccepted.contains { $0.endsCall }
        }.keys.sorted()
    }
}

extension WireMessage {
    fileprivate var endsCall: Bool {
        switch content {
        case .cancel, .hangup, .reject: true
        default: false
        }
    }
}
