import CZooKeeper

extension ZooKeeperError {
    /// The error that one of C's codes (`ZOO_ERRORS`) stands for.
    init(code: Int32) {
        switch code {
        case ZNONODE.rawValue: self = .noNode
        case ZNODEEXISTS.rawValue: self = .nodeExists
        case ZBADVERSION.rawValue: self = .badVersion
        case ZNOTEMPTY.rawValue: self = .notEmpty
        case ZNOCHILDRENFOREPHEMERALS.rawValue: self = .parentIsEphemeral
        case ZNOAUTH.rawValue: self = .noAuth
        case ZCONNECTIONLOSS.rawValue: self = .connectionLoss
        case ZOPERATIONTIMEOUT.rawValue: self = .operationTimeout
        // C refuses requests with ZINVALIDSTATE between finding the session expired and telling us.
        case ZSESSIONEXPIRED.rawValue, ZINVALIDSTATE.rawValue: self = .sessionExpired
        case ZCLOSING.rawValue: self = .closing
        case ZAUTHFAILED.rawValue: self = .authenticationFailed
        case ZMARSHALLINGERROR.rawValue: self = .marshalling
        default: self = .other(code: code)
        }
    }
}

extension ZooKeeperNodeStatus {
    /// Copies what C tells about a node.
    init(_ status: UnsafePointer<Stat>?) {
        guard let status = status?.pointee else {
            self.init()
            return
        }
        self.init(
            version: status.version,
            childrenVersion: status.cversion,
            childCount: Int(status.numChildren),
            ephemeralOwner: status.ephemeralOwner == 0 ? nil : ZooKeeperSessionID(rawValue: status.ephemeralOwner),
            creationTransaction: status.czxid,
            modificationTransaction: status.mzxid)
    }
}

extension ZooKeeperCreateMode {
    var libraryValue: Int32 {
        switch self {
        case .persistent: ZOO_PERSISTENT
        case .ephemeral: ZOO_EPHEMERAL
        }
    }
}

/// The version that C takes for "any".
let anyVersion: ZooKeeperVersion = -1
