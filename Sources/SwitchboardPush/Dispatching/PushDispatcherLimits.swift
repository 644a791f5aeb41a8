/// What the dispatcher may have under way, and at which pace it works.
public struct PushDispatcherLimits: Sendable {
    /// Pushes taken from the outbox at once.
    public var claimSize = 64
    /// Requests under way to one provider.
    public var sendingPerProvider = 32
    /// Pushes that wait here for a place among them; further ones go back into the outbox.
    public var waitingPerProvider = 64
    /// Time for one attempt.
    public var sendTimeout: Duration = .seconds(5)
    /// How long a push belongs to the node that took it: a wait here, and an attempt. If the node dies, others send the push
    /// after that, so it is a small part of the time for which a call rings.
    public var lease: Duration = .seconds(12)
    /// Between two looks into the outbox, if nothing was committed here: pushes of a node that died are found within that.
    public var pollInterval: Duration = .seconds(2)
    /// Between two looks in any case, unless something was committed here.
    public var leastInterval: Duration = .milliseconds(100)
    /// The wait before the second attempt; doubled with each further one.
    public var firstRetry: Duration = .milliseconds(500)
    public var mostRetry: Duration = .seconds(10)
    /// After a shutdown was asked for: time for what is under way.
    public var grace: Duration = .seconds(2)

    public init() {}

    /// The wait after this many attempts before this one: between half and all of a span that doubles.
    ///
    /// - Parameter jitter: 0 ..< 1, drawn by the caller; keeps pushes that failed together from coming back together.
    func retryDelay(attempts: Int, jitter: Double) -> Duration {
        let span = min(firstRetry * Double(1 << min(max(attempts, 0), 16)), mostRetry)
        return span * (0.5 + jitter / 2)
    }
}
