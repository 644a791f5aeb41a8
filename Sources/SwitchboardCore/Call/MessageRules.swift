import SwitchboardProtocol

/// What can be said of a message without knowing the call.
enum MessageRules {
    /// nil if the fields are in order.
    static func problem(with message: WireMessage, from sender: UserID) -> ErrorName? {
        switch message.content {
        case .invite(let invite):
            guard let callee = UserID(invite.callee) else { return .invalidIdentifier }
            return callee == sender ? .invalidMessage : nil
        case .description_p(let description):
            guard description.type == "offer" || description.type == "answer", !description.sdp.isEmpty else {
                return .invalidMessage
            }
            return nil
        case .candidates(let candidates):
            return candidates.candidates.isEmpty ? .invalidMessage : nil
        case .selected, .glare, .elsewhere, .ended, .iceServers:
            return .invalidMessage
        default: return nil
        }
    }

    /// True if a session description names an address: a candidate, or a connection address other than 0.0.0.0 (or its
    /// IPv6 kin) in `c=` or `a=rtcp:` (RFC 8866 §5.7, RFC 3605). Before pickup that would tell where somebody is.
    ///
    /// A line of these kinds that is not written as the RFC says counts as one that names an address, for somebody's parser
    /// may be more lenient; so do other case and leading blanks.
    static func holdsAddress(_ sdp: String) -> Bool {
        for line in sdp.utf8.split(whereSeparator: { $0 == 10 || $0 == 13 }) {
            let line = line.drop(while: isBlank).map(lowercased)
            if line.starts(with: "a=candidate".utf8) { return true }
            if line.starts(with: "c=".utf8) {
                if !isUnspecified(fields(line.dropFirst(2))) { return true }
            } else if line.starts(with: "a=rtcp:".utf8) {
                // The port; an address may follow.
                let rest = fields(line.dropFirst(7)).dropFirst()
                if !rest.isEmpty, !isUnspecified(Array(rest)) { return true }
            }
        }
        return false
    }

    /// `IN IP4 0.0.0.0` and nothing else.
    private static func isUnspecified(_ fields: [ArraySlice<UInt8>]) -> Bool {
        guard fields.count == 3, fields[0].elementsEqual("in".utf8) else { return false }
        return fields[2].elementsEqual("0.0.0.0".utf8) || fields[2].elementsEqual("::".utf8)
    }

    private static func fields(_ line: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
        line.split(whereSeparator: isBlank)
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }

    private static func lowercased(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }
}
