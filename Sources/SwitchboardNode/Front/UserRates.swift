import SwitchboardProtocol

/// How many requests each user makes in a minute. Pure.
struct UserRates: Sendable {
    /// Users of one minute; beyond it nobody new is let in until the minute is over.
    private static let maximumUsers = 100_000

    private let perMinute: Int
    private var began: ContinuousClock.Instant?
    private var counts: [UserID: Int] = [:]

    init(perMinute: Int) {
        self.perMinute = perMinute
    }

    /// Whether the user may make one more request; if not, in how many seconds.
    mutating func admit(_ user: UserID, now: ContinuousClock.Instant) -> (isAdmitted: Bool, retryAfterSeconds: Int) {
        let start: ContinuousClock.Instant
        if let began, now - began < .seconds(60) {
            start = began
        } else {
            (began, start) = (now, now)
            counts.removeAll(keepingCapacity: true)
        }
        let count = counts[user] ?? 0
        guard count < perMinute, count > 0 || counts.count < Self.maximumUsers else {
            return (false, max(1, 60 - Int((now - start).components.seconds)))
        }
        counts[user] = count + 1
        return (true, 0)
    }
}
