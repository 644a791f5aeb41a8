/// The version of a node's data: 0 when created, one more with every write.
public typealias ZooKeeperVersion = Int32

/// How long a node lives.
public enum ZooKeeperCreateMode: Sendable, Hashable {
    /// Until somebody deletes it.
    case persistent
    /// Until somebody deletes it or the session that created it ends. It cannot have children.
    case ephemeral
}

/// What can be asked of ZooKeeper. Paths are absolute, and below the root that the configuration's hosts name.
///
/// An expected version of `nil` stands for "whatever version there is".
public enum ZooKeeperRequest: Sendable, Hashable {
    /// Creates a node. Answered by ``ZooKeeperResponse/created``; fails with ``ZooKeeperError/nodeExists``, or
    /// ``ZooKeeperError/noNode`` if the parent is missing.
    case create(path: String, data: [UInt8], mode: ZooKeeperCreateMode)

    /// Reads a node's data. Answered by ``ZooKeeperResponse/data(_:_:)``.
    case get(path: String)

    /// Replaces a node's data. Answered by ``ZooKeeperResponse/dataSet(_:)``; fails with ``ZooKeeperError/badVersion``.
    case set(path: String, data: [UInt8], expectedVersion: ZooKeeperVersion?)

    /// Deletes a node. Answered by ``ZooKeeperResponse/deleted``; fails with ``ZooKeeperError/badVersion`` or
    /// ``ZooKeeperError/notEmpty``.
    case delete(path: String, expectedVersion: ZooKeeperVersion?)

    /// Lists a node's children, and with `watch` tells their next change by ``ZooKeeperEvent/childrenChanged(path:)``.
    /// Answered by ``ZooKeeperResponse/children(_:_:)``. A request that fails leaves no watch.
    ///
    /// Watch few nodes: after a reconnection the C library renews all watches in one packet, and a packet of more than a
    /// megabyte (some 16,000 paths) is refused by every server, again and again.
    case children(path: String, watch: Bool)

    /// Asks whether a node exists. Answered by ``ZooKeeperResponse/exists(_:)``, with `nil` if it does not.
    case exists(path: String)

    /// Lets the server that we are connected to catch up with the leader: a read after this one sees all that was committed
    /// before. Answered by ``ZooKeeperResponse/synced``.
    case sync(path: String)

    /// Does all of the operations or none. Answered by ``ZooKeeperResponse/multi(_:)``; fails with
    /// ``ZooKeeperError/operationFailed(index:_:)``. Accepted only while connected, see ``ZooKeeperError/notConnected``.
    case multi([ZooKeeperOperation])
}

/// One operation of a ``ZooKeeperRequest/multi(_:)``.
public enum ZooKeeperOperation: Sendable, Hashable {
    /// Creates a node.
    case create(path: String, data: [UInt8], mode: ZooKeeperCreateMode)
    /// Replaces a node's data.
    case set(path: String, data: [UInt8], expectedVersion: ZooKeeperVersion?)
    /// Deletes a node.
    case delete(path: String, expectedVersion: ZooKeeperVersion?)
    /// Fails the whole unless the node has this version (or, with `nil`, unless it exists).
    case check(path: String, expectedVersion: ZooKeeperVersion?)
}

extension ZooKeeperRequest {
    /// Every path that the request names.
    var paths: [String] {
        switch self {
        case .create(let path, _, _), .get(let path), .set(let path, _, _), .delete(let path, _),
            .children(let path, _), .exists(let path), .sync(let path):
            [path]
        case .multi(let operations):
            operations.map(\.path)
        }
    }

    /// How large the request is on the wire, rounded up.
    var byteCount: Int {
        let header = 16
        switch self {
        case .create(let path, let data, _), .set(let path, let data, _):
            return header + ZooKeeperOperation.overhead + path.utf8.count + data.count
        case .get(let path), .delete(let path, _), .children(let path, _), .exists(let path), .sync(let path):
            return header + ZooKeeperOperation.overhead + path.utf8.count
        case .multi(let operations):
            return operations.reduce(header) { $0 + $1.byteCount }
        }
    }
}

extension ZooKeeperOperation {
    /// Room for lengths, version, flags, the access list and the header of an operation.
    static let overhead = 64

    var path: String {
        switch self {
        case .create(let path, _, _), .set(let path, _, _), .delete(let path, _), .check(let path, _): path
        }
    }

    var byteCount: Int {
        switch self {
        case .create(let path, let data, _), .set(let path, let data, _):
            Self.overhead + path.utf8.count + data.count
        case .delete(let path, _), .check(let path, _):
            Self.overhead + path.utf8.count
        }
    }
}
