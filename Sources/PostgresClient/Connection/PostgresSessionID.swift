/// Numbers the connections that one ``PostgresConnection`` makes one after the other, from 1.
public struct PostgresSessionID: Hashable, Comparable, Sendable {
    /// The number.
    public let rawValue: UInt64

    /// Wraps a number.
    public init(_ rawValue: UInt64) { self.rawValue = rawValue }

    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}
