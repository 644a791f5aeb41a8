public import SwitchboardProtocol

/// What the core wants done. The driver performs actions in their order and never waits for one.
///
/// The core has already seen to it that everything which must be durable before an action is so: an action may be performed
/// at once.
public enum NodeAction: Sendable {
    case sendToClient(ConnectionID, [WireServerFrame])
    case closeConnection(ConnectionID, CloseCode, ErrorName?)
    /// Whether a call is being set up over this connection, so that its loss must be noticed soon.
    case setFastPing(ConnectionID, Bool)
    case sendToPeer(Incarnation, [PeerPeerFrame])
    case setPeers([Incarnation: PeerAddress])
    case probePeer(Incarnation)
    case store(StoreCommand, StoreRequestID)
    case coordinate(CoordinatorCommand, CoordinatorRequestID)
    case askPolicy(ProposedCall, PolicyRequestID)
    /// Pushes have been committed: the dispatcher need not wait for its next look.
    case dispatchPushes
    case log(NodeLogLine)
}

/// A line for the log: never with SDP, candidates or tokens.
public struct NodeLogLine: Sendable {
    public enum Level: Sendable { case debug, info, warning, error }
    public var level: Level
    public var message: String
    public var conversation: ConversationID?

    public init(_ level: Level, _ message: String, conversation: ConversationID? = nil) {
        self.level = level
        self.message = message
        self.conversation = conversation
    }
}
