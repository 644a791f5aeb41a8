import SwitchboardCore

/// When to look into the outbox. One look at a time.
struct ClaimPace: Sendable {
    private let limits: PushDispatcherLimits
    private(set) var isClaiming = false
    /// Something was committed while a look was under way, which may have missed it.
    private var isWantedAgain = false
    private var failures = 0
    private var next: Moment

    init(_ limits: PushDispatcherLimits, now: Moment) {
        self.limits = limits
        next = now
    }

    /// When to look next; nil while a look is under way.
    var wake: Moment? { isClaiming ? nil : next }

    /// Something is in the outbox now.
    mutating func wanted(_ now: Moment) {
        if isClaiming {
            isWantedAgain = true
        } else {
            next = min(next, now)
        }
    }

    /// A push of ours is due again after this.
    mutating func postponed(by delay: Duration, _ now: Moment) {
        next = min(next, now + max(delay, limits.leastInterval))
    }

    /// True: look now, and tell how it went.
    mutating func begin(_ now: Moment) -> Bool {
        guard !isClaiming, next <= now else { return false }
        isClaiming = true
        isWantedAgain = false
        next = now + limits.pollInterval
        return true
    }

    /// - Parameter isAll: fewer came than were asked for, so that no more are due.
    mutating func finished(isAll: Bool, _ now: Moment) {
        isClaiming = false
        failures = 0
        next = isWantedAgain || !isAll ? now : now + limits.pollInterval
    }

    /// The outbox says when something is due next, at the earliest.
    mutating func dueKnown(_ due: Duration?, _ now: Moment) {
        if let due { postponed(by: due, now) }
    }

    /// The outbox can't be read; what was committed meanwhile is found when it can.
    mutating func failed(_ now: Moment, jitter: Double) {
        isClaiming = false
        next = now + limits.retryDelay(attempts: failures, jitter: jitter)
        failures += 1
    }
}
