import SwitchboardProtocol

/// Where an input came from: a connection at a front, and whose it is.
struct Origin: Hashable, Sendable {
    var front: Incarnation
    var connection: ConnectionID
    var address: DeviceAddress
    /// The device's own connection counter.
    var counter: UInt32
    var outbox: OutboxID

    var key: TargetKey { TargetKey(front: front, connection: connection) }
}

/// Names a connection in the whole cluster.
struct TargetKey: Hashable, Comparable, Sendable {
    var front: Incarnation
    var connection: ConnectionID

    static func < (left: Self, right: Self) -> Bool {
        (left.front, left.connection) < (right.front, right.connection)
    }
}
