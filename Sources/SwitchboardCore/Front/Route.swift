import SwitchboardProtocol

/// How this node finds the leader of one conversation, and what waits until it is found.
struct Route: Sendable {
    enum Stage: Sendable, Equatable {
        /// Nothing known; `resolve` starts it.
        case unresolved
        case askingPolicy
        case reading
        case creating
        case claiming
        /// The coordinator knows nothing of it: the store is asked whether there is a log.
        case lookingUp
        case known
        /// Wait for a timer before the next try.
        case waiting
    }

    var stage: Stage = .unresolved
    var leader: Incarnation?
    /// Of the coordinator's node, if it was read.
    var version: Int32?
    /// Local connections that take part.
    var connections: Set<ConnectionID> = []
    /// Frames that wait for the leader, or, if it is known, for a verdict on an invite.
    var waiting: [WaitingFrame] = []
    var judgements = InviteJudgements()
    /// A claim by the fast path is tried once in a while only.
    var lastFastClaim: Moment?

    /// Whether something of this connection waits, so that what comes later must wait too.
    func holdsBack(_ connection: ConnectionID) -> Bool {
        waiting.contains { if case .local(connection, _, _) = $0 { true } else { false } }
    }
}

/// A frame that waits for the leader to be found, or for the policy.
enum WaitingFrame: Sendable {
    case local(ConnectionID, number: UInt32, WireMessage)
    /// From another node, which believes that this one leads.
    case remote(Incarnation, PeerPeerFrame)
}
