/// Growing waits between attempts, with jitter, so that nodes which lost the same server do not come back in step.
struct Backoff: Sendable {
    private let initial: Duration
    private let maximum: Duration
    private var failures = 0

    init(initial: Duration, maximum: Duration) {
        self.initial = initial
        self.maximum = maximum
    }

    /// The wait after one more failure: between half and all of a span that doubles each time.
    mutating func next() -> Duration {
        let span = min(initial * Double(1 << min(failures, 16)), maximum)
        failures += 1
        return span * Double.random(in: 0.5...1)
    }

    /// What was tried has worked.
    mutating func reset() {
        failures = 0
    }
}
