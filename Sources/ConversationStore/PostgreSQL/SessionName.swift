import SwitchboardProtocol

/// What a node's connections are called on the server (`application_name`), so that a successor can end them.
struct SessionName {
    /// The part that all connections of an incarnation have in common.
    let prefix: String

    /// The server cuts names to 63 bytes and rewrites what is not printable ASCII; such incarnations go by a hash. Two that
    /// share one end each other's connections once in a while: a nuisance, not a danger.
    init(_ incarnation: Incarnation) {
        let text = incarnation.text
        let fits = text.utf8.count <= 44 && text.utf8.allSatisfy { (0x21...0x7e).contains($0) }
        prefix = "switchboard:\(fits ? text : "#\(String(Self.hash(text), radix: 16))"):"
    }

    /// - Parameter role: `writer 0`, `barrier`, …; short.
    func named(_ role: String) -> String { prefix + role }

    /// FNV-1a, 64 bits.
    private static func hash(_ text: String) -> UInt64 {
        text.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }
}
