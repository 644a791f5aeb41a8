import SwiftProtobuf

extension WireMessage {
    /// A digest of the content, to tell "the same message again" from "the same number for something else".
    ///
    /// FNV-1a over the binary form (deterministic: the schema has no maps). It finds client bugs; nobody gains from a
    /// collision, which would only acknowledge his own message without effect.
    public func digest() -> UInt64 {
        var content = self
        if case .invite? = content.content {
            // The age of an invite grows with every resend of the same message.
            content.invite.ageMs = 0
        }
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        let bytes: [UInt8] = (try? content.serializedBytes()) ?? []
        for byte in bytes {
            hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
        }
        return hash
    }
}
