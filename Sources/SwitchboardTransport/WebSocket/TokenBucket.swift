import NIOCore

/// Limits a rate and lets bursts pass (a token bucket). Pure: time is an argument.
///
/// It may go into debt, for what one read brought is not put back; the debt is bounded by one burst.
struct TokenBucket {
    private let perSecond: Double
    private let burst: Double
    private var tokens: Double
    private var updated: NIODeadline

    init(perSecond: Int, burst: Int, now: NIODeadline) {
        self.perSecond = Double(max(1, perSecond))
        self.burst = Double(max(1, burst))
        tokens = self.burst
        updated = now
    }

    mutating func take(_ count: Int, now: NIODeadline) {
        refill(now: now)
        tokens = max(-burst, tokens - Double(count))
    }

    /// How long until something may be taken again; nil if now.
    mutating func delay(now: NIODeadline) -> TimeAmount? {
        refill(now: now)
        guard tokens < 0 else { return nil }
        return .nanoseconds(max(1, Int64((-tokens / perSecond * 1e9).rounded(.up))))
    }

    private mutating func refill(now: NIODeadline) {
        guard now > updated else { return }
        let elapsed = Double((now - updated).nanoseconds) / 1e9
        tokens = min(burst, tokens + elapsed * perSecond)
        updated = now
    }
}
