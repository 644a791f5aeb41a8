/// The number that the ensemble gave to a session; also the owner of an ephemeral node.
public struct ZooKeeperSessionID: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    /// The number as ZooKeeper has it: signed, 64 bits, never zero for a live session.
    public var rawValue: Int64

    /// Wraps a number that ZooKeeper has told.
    public init(rawValue: Int64) {
        self.rawValue = rawValue
    }

    /// Hexadecimal with `0x`, as ZooKeeper's own logs write it.
    public var description: String {
        "0x" + String(UInt64(bitPattern: rawValue), radix: 16)
    }
}
