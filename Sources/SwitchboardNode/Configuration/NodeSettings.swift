public import Logging

/// A node's configuration, complete and checked.
public struct NodeSettings: Sendable {
    public enum Store: Sendable {
        case sqlite(path: String)
        case postgres(url: Secret, connections: Int, allowsUnreplicated: Bool)
    }

    public enum Tokens: Sendable {
        /// HS256.
        case secret(Secret)
        /// HS256 by a secret that the node makes for itself, in the directory of its store.
        case demo(besideStore: String)
        /// PEM of a public key.
        case publicKey(String)
    }

    public enum PeerSecret: Sendable {
        case secret(Secret)
        case mutualTLS(certificateFile: String, keyFile: String, rootsFile: String)
        case insecure
    }

    /// What makes a node one of a cluster.
    public struct Cluster: Sendable {
        public var id: String
        public var zookeeperHosts: String
        public var sessionTimeout: Duration
        public var peerHost: String
        public var peerPort: Int
        /// nil: as `peerHost` and the port listened on.
        public var advertised: (host: String, port: Int)?
        public var secret: PeerSecret
    }

    public struct Listener: Sendable {
        public var host: String
        public var port: Int
    }

    /// Time limits of a call; what each judges stands in `CallLimits`.
    public struct CallDeadlines: Sendable, Equatable {
        public var ring: Duration
        public var connect: Duration
        public var reach: Duration
        public var callerLost: Duration
        public var signalLost: Duration
        public var handover: Duration
    }

    public enum Demo: Sendable, Equatable {
        case off
        /// Because nothing is configured: forwarded requests get no demo tokens either.
        case byDefault
        case asked
    }

    public var name: String
    public var datacenter: String
    public var listen: Listener
    public var tls: (certificateFile: String, keyFile: String)?
    public var maxConnections: Int
    public var `internal`: Listener
    public var cluster: Cluster?
    public var store: Store
    public var tokens: Tokens
    public var demo: Demo
    public var webRoot: String?
    public var iceServers: [IceServer]
    /// Of the credentials that are made for TURN servers.
    public var turnCredentialLifetime: Duration
    public var callPolicy: CallPolicySettings
    public var push: Push
    public var drainSpread: Duration
    /// The highest feature level that this node admits to know.
    public var knownFeatureLevel: UInt32
    public var deadlines: CallDeadlines
    public var logLevel: Logger.Level
}
