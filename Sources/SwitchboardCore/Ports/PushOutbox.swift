public import SwitchboardProtocol

/// Push endpoints of users, and the pushes that wait for their provider. Rows of the outbox come into being with the entries
/// of conversations (``PushStep``), and are taken from it by the dispatcher of any node, so that they survive the leader.
///
/// Adapters: the cluster's PostgreSQL, the SQLite file of a single node, memory in tests.
public protocol PushOutbox: Sendable {
    /// Adds an endpoint or renews it. An endpoint is unique by its id: one that another user had is that user's no more.
    /// - Throws: `tooManyEndpoints`, `unavailable`.
    func register(_ endpoint: PushEndpoint, maximumPerUser: Int) async throws(PushOutboxError)
    /// True if the user had it.
    @discardableResult
    func remove(_ id: PushEndpointID, of user: UserID) async throws(PushOutboxError) -> Bool
    func endpoints(of user: UserID) async throws(PushOutboxError) -> [PushEndpoint]
    /// Takes pushes that are due and that nobody has taken, for `lease`; after that others may take them. A push is
    /// therefore sent at least once. Oldest first.
    func claim(limit: Int, lease: Duration, by node: Incarnation) async throws(PushOutboxError) -> [ClaimedPush]
    /// What became of pushes taken by this node. A settlement of a push that another node has taken meanwhile has no effect.
    func settle(_ settlements: [PushSettlement], by node: Incarnation) async throws(PushOutboxError)
    /// When the next push is due, from now, at the earliest; nil: none waits.
    func nextDue() async throws(PushOutboxError) -> Duration?
    /// Pushes given up, newest first, for people to look at; kept for a day.
    func deadLetters(limit: Int) async throws(PushOutboxError) -> [DeadPush]
}

public enum PushOutboxError: Error, Sendable, Equatable {
    case unavailable(reason: String)
    case tooManyEndpoints(Int)
}

/// Names an endpoint: a digest of provider and target, so that it may stand in logs and in conversations' entries.
public struct PushEndpointID: Hashable, Sendable {
    public let text: String
    public init(_ text: String) { self.text = text }
}

public enum PushProviderKind: String, Sendable, CaseIterable {
    case webPush = "web_push"
    case apns
    case fcm
    case webhook
}

/// Where a user's device can be woken.
public struct PushEndpoint: Hashable, Sendable {
    public var id: PushEndpointID
    public var user: UserID
    public var provider: PushProviderKind
    /// Web Push: the subscription's endpoint URL. APNs, FCM: the device token. Webhook: the application's own name of the device.
    public var target: String
    /// What else the provider needs, as JSON: Web Push `p256dh` and `auth`; APNs `topic`, `environment`, `voip`.
    public var parameters: String

    public init(
        id: PushEndpointID, user: UserID, provider: PushProviderKind, target: String, parameters: String
    ) {
        self.id = id
        self.user = user
        self.provider = provider
        self.target = target
        self.parameters = parameters
    }
}

/// A push that a node has taken to send it.
public struct ClaimedPush: Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        case invite(caller: UserID, media: PairMedia)
        case cancel(EndReason)
    }

    /// Of the row in the outbox.
    public var number: Int64
    public var conversation: ConversationID
    public var kind: Kind
    public var endpoint: PushEndpoint
    /// How long it is still good for; not positive: too late.
    public var expiresIn: Duration
    /// Attempts before this one.
    public var attempts: Int

    public init(
        number: Int64, conversation: ConversationID, kind: Kind, endpoint: PushEndpoint, expiresIn: Duration,
        attempts: Int
    ) {
        self.number = number
        self.conversation = conversation
        self.kind = kind
        self.endpoint = endpoint
        self.expiresIn = expiresIn
        self.attempts = attempts
    }
}

public struct PushSettlement: Sendable {
    public enum Outcome: Sendable, Equatable {
        /// The provider has taken it.
        case taken
        /// Try again after this.
        case postponed(Duration, reason: String)
        /// Given up.
        case dead(reason: String)
        /// Given up, and the endpoint is no more (404, 410, `Unregistered`): it is removed.
        case endpointGone(reason: String)
    }

    public var number: Int64
    public var outcome: Outcome

    public init(number: Int64, outcome: Outcome) {
        self.number = number
        self.outcome = outcome
    }
}

/// A push that was given up.
public struct DeadPush: Hashable, Sendable {
    public var number: Int64
    public var conversation: ConversationID
    public var user: UserID
    public var endpoint: PushEndpointID
    public var provider: PushProviderKind
    public var attempts: Int
    public var reason: String

    public init(
        number: Int64, conversation: ConversationID, user: UserID, endpoint: PushEndpointID,
        provider: PushProviderKind, attempts: Int, reason: String
    ) {
        self.number = number
        self.conversation = conversation
        self.user = user
        self.endpoint = endpoint
        self.provider = provider
        self.attempts = attempts
        self.reason = reason
    }
}
