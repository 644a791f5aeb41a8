/// Which node leads a call.
public struct CallLeader: Equatable, Sendable {
    /// The leader's incarnation: the node's name, a dot, and what tells this start of it from others.
    public let incarnation: String
    /// The epoch of its leadership: rises with every change of leader.
    public let epoch: UInt64

    /// Names a leader and its epoch.
    public init(incarnation: String, epoch: UInt64) {
        self.incarnation = incarnation
        self.epoch = epoch
    }

    /// The node's name.
    public var node: String { String(incarnation.prefix { $0 != "." }) }
}
