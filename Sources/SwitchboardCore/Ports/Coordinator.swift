public import SwitchboardProtocol

/// Who is there and who leads what. Decides who *tries* to lead; safety rests on the log alone.
///
/// Adapters: ZooKeeper, one in the process for a single node, a simulated one. A message port like the store's: every
/// command gets exactly one `CoordinatorEvent.completed`; membership changes come unasked, in order.
public protocol Coordinator: Sendable {
    func submit(_ command: CoordinatorCommand, id: CoordinatorRequestID)
}

public struct CoordinatorRequestID: Hashable, Sendable {
    public let number: UInt64
    public init(_ number: UInt64) { self.number = number }
}

public enum CoordinatorCommand: Sendable {
    /// The election of a new conversation: creates its persistent node naming `leader`.
    case create(ConversationID, leader: Incarnation)
    /// Reads who leads; with `sync` after a barrier against everything committed before.
    case read(ConversationID, sync: Bool)
    /// The election of an orphaned conversation, or a handover: sets the leader if the version is still `version`.
    case claim(ConversationID, leader: Incarnation, version: Int32)
    /// Deletes the nodes of ended conversations, by version, in bounded multis; those that changed stay.
    case delete([ConversationClaim])
    /// Sets or clears an ephemeral marker of this node.
    case mark(NodeMarker, Bool)
}

/// A conversation's node as last seen.
public struct ConversationClaim: Hashable, Sendable {
    public var conversation: ConversationID
    public var version: Int32

    public init(conversation: ConversationID, version: Int32) {
        self.conversation = conversation
        self.version = version
    }
}

/// Ephemeral markers beside a node's own, `/nodes/<incarnation>.draining` and `.nostore`.
public enum NodeMarker: String, Sendable, CaseIterable {
    case draining
    case noStore = "nostore"
}

public enum CoordinatorResult: Sendable, Equatable {
    /// create and claim: won; the version to name in later claims.
    case won(version: Int32)
    /// create: somebody was first; read, or a lost claim re-read: who leads.
    case leads(Incarnation, version: Int32)
    case absent
    case done
    /// Nothing was decided, or it cannot be known: read again. Carries a reason for the log.
    case unavailable(reason: String)
}

public enum CoordinatorEvent: Sendable {
    case completed(CoordinatorRequestID, CoordinatorResult)
    /// The children of `/nodes`, as they stand now. Sent after every change and after every new session.
    case membersChanged([Incarnation: NodeMember])
    /// Whether elections can be held; after a lost session the adapter registers the same incarnation again by itself.
    case availability(Bool)
}

/// A registered node.
public struct NodeMember: Hashable, Sendable {
    public var address: PeerAddress
    public var datacenter: String
    public var featureLevel: UInt32
    public var software: String
    public var markers: Set<NodeMarker>

    public init(
        address: PeerAddress, datacenter: String, featureLevel: UInt32, software: String,
        markers: Set<NodeMarker> = []
    ) {
        self.address = address
        self.datacenter = datacenter
        self.featureLevel = featureLevel
        self.software = software
        self.markers = markers
    }
}

/// Where a node accepts peer links.
public struct PeerAddress: Hashable, Sendable {
    public var host: String
    public var port: Int

    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }
}
