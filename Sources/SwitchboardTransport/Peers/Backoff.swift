/// Growing waits between attempts: doubled each time up to a bound, each with jitter, so that nodes that failed together do not
/// come back together.
struct Backoff {
    private let first: Duration
    private let most: Duration
    private var next: Duration

    init(first: Duration, most: Duration) {
        self.first = first
        self.most = most
        next = first
    }

    /// - Parameter jitter: 0 ..< 1, drawn by the caller.
    mutating func failed(jitter: Double) -> Duration {
        defer { next = min(next * 2, most) }
        return next * (0.5 + jitter / 2)
    }

    mutating func succeeded() {
        next = first
    }
}
