/// One WebSocket at one node; unique within the node's incarnation and never used twice in it.
public struct ConnectionID: Hashable, Comparable, Sendable {
    public let number: UInt64

    public init(_ number: UInt64) {
        self.number = number
    }

    public static func < (left: Self, right: Self) -> Bool { left.number < right.number }
}

extension ConnectionID: CustomStringConvertible {
    /// The form used in `welcome.connectionId`, between nodes, and in presence rows.
    public var description: String { "c\(number)" }

    public init?(_ text: String) {
        guard text.first == "c", let number = UInt64(text.dropFirst()) else { return nil }
        self.init(number)
    }
}
