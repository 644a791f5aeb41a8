public import SwitchboardProtocol

/// What can happen to a node. Events of one turn are handled in their order.
public enum NodeEvent: Sendable {
    /// A connection's `hello`, with its token already verified.
    case helloReceived(ConnectionID, VerifiedToken, WireHello)
    /// Any frame after the hello.
    case frameReceived(ConnectionID, WireClientFrame)
    /// A `refresh` whose token was verified.
    case tokenRefreshed(ConnectionID, VerifiedToken)
    case connectionClosed(ConnectionID)
    case policyAnswered(PolicyRequestID, CallVerdict)
    /// A provider has taken, or refused for good, the push of a call's invite.
    case pushAnswered(ConversationID, PushEndpointID, taken: Bool)
    case store(StoreEvent)
    case coordinator(CoordinatorEvent)
    case peer(PeerLinkEvent)
    /// Leave in order: nothing new, clients are sent elsewhere.
    case drainRequested(spread: Duration)
    /// Time has passed; see `NodeCore.nextTimer`.
    case ticked
}

/// What a token says, once its signature and claims have been checked.
public struct VerifiedToken: Sendable {
    public var user: UserID
    /// Milliseconds since 1970; nil: does not expire.
    public var expiresAtMilliseconds: Double?
    /// Whom its user may call; nil: it does not say.
    public var mayCall: CallPermission?

    public init(user: UserID, expiresAtMilliseconds: Double?, mayCall: CallPermission? = nil) {
        self.user = user
        self.expiresAtMilliseconds = expiresAtMilliseconds
        self.mayCall = mayCall
    }
}
