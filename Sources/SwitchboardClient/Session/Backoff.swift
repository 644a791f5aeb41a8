/// Waits that grow: the first repetition comes at once, the following ones after a time drawn evenly from zero to a
/// ceiling that doubles ("full jitter", which spreads a herd best).
public struct Backoff: Sendable, Equatable {
    /// The ceiling of the first wait that is not zero.
    public var base: Duration
    /// The highest ceiling.
    public var ceiling: Duration

    public init(base: Duration, ceiling: Duration) {
        self.base = base
        self.ceiling = ceiling
    }

    /// - Parameters:
    ///   - attempt: 0 for the first repetition, then counting up.
    ///   - jitter: a number drawn evenly from 0..<1.
    public func wait(attempt: Int, jitter: Double) -> Duration {
        guard attempt > 0 else { return .zero }
        // 2^30 times any sensible base is past any sensible ceiling: the shift cannot overflow.
        let growth = Double(1 << min(attempt - 1, 30))
        return min(ceiling, base * growth) * jitter
    }
}
