public import SwitchboardProtocol

extension ConversationID {
    /// A new id for a call: a UUID of version 4 (RFC 9562 §5.4).
    public static func random() -> ConversationID {
        var generator = SystemRandomNumberGenerator()
        return random(using: &generator)
    }

    static func random(using generator: inout some RandomNumberGenerator) -> ConversationID {
        ConversationID(high: generator.next() & ~0xf000 | 0x4000, low: generator.next() & ~(3 << 62) | (1 << 63))
    }
}
