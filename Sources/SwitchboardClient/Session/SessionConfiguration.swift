public import SwitchboardProtocol

/// What a session may be told by its application. Every bound and every time of the machine is here, with its default.
public struct SessionConfiguration: Sendable {
    /// The encoding on the wire; binary is some three times cheaper than JSON.
    public var subprotocol: Subprotocol = .protobuf

    /// Names of features beyond version 1 that the application understands (`hello.features`).
    public var features: [String] = []

    /// Waits between attempts to connect.
    public var reconnect = Backoff(base: .milliseconds(500), ceiling: .seconds(30))

    /// Waits before a send is repeated after a temporary error that named no time of its own.
    public var resend = Backoff(base: .milliseconds(100), ceiling: .seconds(5))

    /// Deliveries are acknowledged after this long at the latest…
    public var acknowledgementDelay: Duration = .milliseconds(50)

    /// …or after this many of one conversation, whichever comes first.
    public var acknowledgementBatch = 16

    /// How long an attempt may take from its beginning to `welcome`: the token, TCP, TLS and the greeting.
    public var welcomeTimeout: Duration = .seconds(10)

    /// How long a server may take to answer a `ping`.
    public var pongTimeout: Duration = .seconds(5)

    /// Silence after which a `ping` is sent while something waits for acceptance: a server that stopped dead is noticed
    /// sooner when somebody waits for it.
    public var impatience: Duration = .seconds(5)

    /// Silence after which a `ping` is sent, until `welcome` names the server's own.
    public var pingInterval: Duration = .seconds(25)

    /// A connection that stood this long starts the backoff afresh.
    public var stableAfter: Duration = .seconds(10)

    /// Sends of one conversation that may wait for acceptance; more are refused to the application. How many of them are
    /// on their way at once is the server's choice (`SessionLimits.outboxMessages`).
    public var maximumWaitingMessages = 1024

    /// The limits until `welcome` names the server's own.
    public var limits = SessionLimits()

    /// Ended conversations whose place is remembered, so that late duplicates are recognised. The oldest go first.
    public var maximumEndedConversations = 64

    public init() {}
}

/// The bounds that a server states in `welcome.limits`.
public struct SessionLimits: Sendable, Equatable {
    /// The largest frame, in bytes as encoded.
    public var messageBytes = 64 << 10
    /// Live conversations of one device, and cursors in one `hello`.
    public var conversations = 32
    /// Sends of one conversation that are not accepted yet.
    public var outboxMessages = 64

    public init() {}

    /// What the server says, where it says something.
    mutating func adopt(_ limits: WireLimits) {
        if limits.maxMessageBytes > 0 { messageBytes = Int(limits.maxMessageBytes) }
        if limits.maxConversations > 0 { conversations = Int(limits.maxConversations) }
        if limits.maxOutboxMessages > 0 { outboxMessages = Int(limits.maxOutboxMessages) }
    }
}
