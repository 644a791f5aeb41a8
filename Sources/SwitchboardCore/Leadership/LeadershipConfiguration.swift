/// Bounds of one leadership.
public struct LeadershipConfiguration: Sendable {
    /// Inputs that wait for the store, per conversation; beyond it senders are told to wait.
    public var maximumInbox = 1024
    /// Their bytes, roughly.
    public var maximumInboxBytes = 2 << 20
    /// Sends that a conversation takes in a minute; beyond it senders are told to wait. What ends the call is taken always.
    public var maximumSendsPerMinute = 60_000
    /// Inputs decided in one entry.
    public var maximumInputsPerEntry = 256
    /// Acknowledged deliveries that stay in memory for fronts that resend from a little before.
    public var trimMargin: UInt32 = 64
    /// Barriers of that many incarnations in a row, within `quarantineWindow`, without anything else in between: the
    /// conversation crashes its leaders.
    public var quarantineClaims = 3
    public var quarantineWindow: Duration = .seconds(60)
    /// After an outage clients get at least this much of their deadline.
    public var minimumDeadlineAfterRestore: Duration = .seconds(30)
    /// Logs above it are given to nodes that know more. Below this build's own only to behave as an older build would.
    public var knownFeatureLevel = FeatureLevel.newest
    public var call = CallLimits()

    public init() {}
}
