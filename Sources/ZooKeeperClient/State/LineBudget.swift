/// Bounds how many lines go to a log: while no server answers, the C library writes several a second.
struct LineBudget {
    private let limit: Int
    private let window: Duration
    private var windowEnd: ContinuousClock.Instant?
    private var admitted = 0
    private var suppressed = 0

    init(limit: Int, window: Duration) {
        self.limit = limit
        self.window = window
    }

    /// How many lines were kept back since the last one, if this one may be written; else `nil`.
    mutating func admit(now: ContinuousClock.Instant) -> Int? {
        if windowEnd.map({ now >= $0 }) ?? true {
            windowEnd = now + window
            admitted = 0
        }
        guard admitted < limit else {
            suppressed += 1
            return nil
        }
        admitted += 1
        defer { suppressed = 0 }
        return suppressed
    }
}
