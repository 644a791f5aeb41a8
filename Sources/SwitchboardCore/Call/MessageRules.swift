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
    static func holdsAddress(_ sdp: String) -> Bool {
        for line in sdp.utf8.split(whereSeparator: { $0 == 10 || $0 == 13 }) {
            if line.starts(with: "a=candidate".utf8) { return true }
            if line.starts(with: "c=".utf8) || line.starts(with: "a=rtcp:".utf8) {
                let fields = line.split(separator: UInt8(ascii: " "))
                guard let position = fields.firstIndex(where: { $0.elementsEqual("IN".utf8) }) else { continue }
                // IN IP4 0.0.0.0 — anything else is an address.
                guard fields.count > position + 2 else { continue }
                let address = fields[position + 2].prefix { $0 != UInt8(ascii: "/") }
                if !address.elementsEqual("0.0.0.0".utf8), !address.elementsEqual("::".utf8) { return true }
            }
        }
        return false
    }
}
