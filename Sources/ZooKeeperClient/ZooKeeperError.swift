/// Why a request failed or was refused.
///
/// ``outcomeIsUnknown`` tells the errors after which the request may nevertheless have been carried out: read back and compare.
public indirect enum ZooKeeperError: Error, Hashable, Sendable {
    // MARK: ZooKeeper has decided: nothing was changed

    /// The node, or the parent of the node to create, does not exist.
    case noNode
    /// The node to create exists already.
    case nodeExists
    /// The node's data has another version than expected.
    case badVersion
    /// The node to delete has children.
    case notEmpty
    /// The parent of the node to create is ephemeral, and such nodes have no children.
    case parentIsEphemeral
    /// The node's access list does not allow this.
    case noAuth
    /// The operation with this index failed, and so all of the multi was left undone.
    case operationFailed(index: Int, ZooKeeperError)

    // MARK: Unknown outcome

    /// The connection was lost before the answer came. The request may have been carried out, or may yet be.
    case connectionLoss
    /// The server did not answer in time. The request may have been carried out, or may yet be.
    case operationTimeout
    /// The session has ended. A request in flight may have been carried out before.
    case sessionExpired
    /// The client is closing or closed. A request in flight may have been carried out before.
    case closing

    // MARK: Refused here: nothing was sent

    /// As many requests as the configuration allows are in flight. Wait for answers and ask again.
    case overloaded
    /// The client is not connected just now, and this request must not wait for a connection. Ask again after
    /// ``ZooKeeperSessionEvent/connected(_:timeout:)``.
    case notConnected
    /// Not an absolute path of well-formed names: no empty, `.` or `..` component, no control characters, no slash at the end.
    case invalidPath(String)
    /// The request is larger than the configuration allows, and a server would drop the connection on it. Split it.
    case requestTooLarge(byteCount: Int, limit: Int)
    /// The library could not be started with this configuration, for example because no host name could be resolved.
    case cannotStart(reason: String)

    // MARK: The rest

    /// The ensemble refuses the client's credentials.
    case authenticationFailed
    /// The request or its answer could not be encoded or decoded; probably out of memory.
    case marshalling
    /// Another of ZooKeeper's codes (`ZOO_ERRORS` in zookeeper.h).
    case other(code: Int32)

    /// Whether the request may have been carried out although it failed.
    public var outcomeIsUnknown: Bool {
        switch self {
        case .connectionLoss, .operationTimeout, .sessionExpired, .closing, .marshalling: true
        case .operationFailed(_, let error): error.outcomeIsUnknown
        default: false
        }
    }
}

extension ZooKeeperError: CustomStringConvertible {
    /// What happened, and where it helps what to do.
    public var description: String {
        switch self {
        case .noNode: "the ZooKeeper node or its parent does not exist"
        case .nodeExists: "the ZooKeeper node exists already"
        case .badVersion: "the ZooKeeper node has another version than expected"
        case .notEmpty: "the ZooKeeper node has children"
        case .parentIsEphemeral: "an ephemeral ZooKeeper node cannot have children"
        case .noAuth: "the ZooKeeper node's access list does not allow this"
        case .operationFailed(let index, let error): "operation \(index) failed, none was done: \(error)"
        case .connectionLoss: "the connection to ZooKeeper was lost; whether the request was carried out is unknown"
        case .operationTimeout: "ZooKeeper did not answer in time; whether the request was carried out is unknown"
        case .sessionExpired: "the ZooKeeper session has expired; make a new client"
        case .closing: "the ZooKeeper client is closed"
        case .overloaded: "too many ZooKeeper requests in flight; wait for answers"
        case .notConnected: "not connected to ZooKeeper; ask again when connected"
        case .invalidPath(let path): "not a valid ZooKeeper path: \(path.debugDescription)"
        case .requestTooLarge(let count, let limit): "a ZooKeeper request of \(count) bytes exceeds \(limit); split it"
        case .cannotStart(let reason): "cannot start the ZooKeeper client: \(reason)"
        case .authenticationFailed: "ZooKeeper refuses the credentials"
        case .marshalling: "a ZooKeeper request or answer could not be encoded or decoded"
        case .other(let code): "ZooKeeper error \(code)"
        }
    }
}
