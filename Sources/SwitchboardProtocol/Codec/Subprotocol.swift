/// The two encodings of one schema, by their WebSocket subprotocol names.
public enum Subprotocol: String, Sendable, CaseIterable {
    case json = "switchboard.v1.json"
    case protobuf = "switchboard.v1.protobuf"

    /// The first of ours among those that the client offers, in the client's order (RFC 6455 §4.2.2); nil if none.
    public static func negotiate(offered: [String]) -> Subprotocol? {
        offered.lazy.compactMap(Subprotocol.init(rawValue:)).first
    }
}
