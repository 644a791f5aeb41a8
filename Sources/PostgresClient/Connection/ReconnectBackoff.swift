/// How long to wait before the next attempt to connect: at once after a stable connection, then longer and longer.
public struct ReconnectBackoff: Sendable {
    /// The bounds.
    public struct Policy: Sendable, Equatable {
        /// The pause after the first failure.
        public var initial: Duration = .milliseconds(50)
        /// The longest pause.
        public var maximum: Duration = .seconds(2)
        /// A connection that lasted as long as this was a success; a shorter one counts as a failed attempt, lest a server
        /// that drops everybody be asked without end.
        public var stableAfter: Duration = .seconds(1)

        /// The defaults.
        public init() {}
    }

    private let policy: Policy
    private var failures = 0

    init(_ policy: Policy) { self.policy = policy }

    /// A round of attempts failed. `random` is from 0 to 1, so that nodes do not come back all at the same moment.
    mutating func attemptFailed(random: Double) -> Duration {
        failures += 1
        return pause(random: random)
    }

    /// A connection was lost that had lasted this long.
    mutating func connectionLost(after lifetime: Duration, random: Double) -> Duration {
        guard lifetime < policy.stableAfter else {
            failures = 0
            return .zero
        }
        return attemptFailed(random: random)
    }

    private func pause(random: Double) -> Duration {
        // Doubling beyond this exceeds any sensible maximum.
        let doublings = min(failures - 1, 20)
        let longest = min(policy.initial * (1 << doublings), policy.maximum)
        return longest * (0.5 + random / 2)
    }
}
