public import SwitchboardProtocol

/// One change of what a client must remember over a restart.
public enum OutboxChange: Sendable, Equatable {
    /// The device's connections are counted up; a newer one closes the older.
    case connectionCounted(UInt32)
    /// A message got its number and waits for acceptance.
    case appended(ConversationID, number: UInt32, WireMessage)
    /// All up to this number are accepted.
    case accepted(ConversationID, through: UInt32)
    /// The conversation is over, or unknown to the server: nothing of it need be remembered.
    case forgotten(ConversationID)
}
