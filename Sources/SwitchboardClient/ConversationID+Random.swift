public import SwitchboardProtocol

extension ConversationID {
    /// A new id for a call: a UUID of version 4 (RFC 9562 §5.4).
    public static func random() -> ConversationID {
        ConversationID(
            high: UInt64.random(in: 0...UInt64.max) & ~0xf000 | 0x4000,
            low: UInt64.random(in: 0...UInt64.max) & ~(3 << 62) | (1 << 63))
    }
}
