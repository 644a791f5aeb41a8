/// The address of a STUN or TURN server as browsers take it (RFC 7064 §3.1, RFC 7065 §3.1): `stun:host[:port]`,
/// `turn:host[:port][?transport=udp|tcp]`, with `stuns:` and `turns:` for TLS.
///
/// It matters to be strict: a browser that is given one bad address makes no connection at all, not even with the others.
struct IceServerURL: Equatable, Sendable {
    let text: String
    /// Takes a user name and a password; browsers refuse the address without them.
    let isTurn: Bool

    init?(_ text: String) {
        guard let colon = text.firstIndex(of: ":") else { return nil }
        let isTurn: Bool
        switch text[..<colon] {
        case "stun", "stuns": isTurn = false
        case "turn", "turns": isTurn = true
        default: return nil
        }
        let parts = text[text.index(after: colon)...].split(
            separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        guard let authority = parts.first, Self.isAuthority(authority) else { return nil }
        if parts.count > 1 {
            guard isTurn, ["transport=udp", "transport=tcp"].contains(parts[1]) else { return nil }
        }
        self.text = text
        self.isTurn = isTurn
    }

    /// `host`, `host:port`, `[IPv6]` or `[IPv6]:port`.
    private static func isAuthority(_ text: Substring) -> Bool {
        guard !text.hasPrefix("[") else {
            guard let end = text.firstIndex(of: "]"), isAddress(text[text.index(after: text.startIndex)..<end]) else {
                return false
            }
            let rest = text[text.index(after: end)...]
            return rest.isEmpty || (rest.first == ":" && isPort(rest.dropFirst()))
        }
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        return isName(parts[0]) && (parts.count == 1 || isPort(parts[1]))
    }

    private static func isName(_ text: Substring) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { isLetterOrDigit($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") }
    }

    private static func isAddress(_ text: Substring) -> Bool {
        text.contains(":")
            && text.utf8.allSatisfy {
                isLetterOrDigit($0) || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ".")
            }
    }

    private static func isPort(_ text: Substring) -> Bool {
        text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            && (UInt16(text).map { $0 > 0 } ?? false)
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"):
            true
        default: false
        }
    }
}
