/// Counts what happens in windows of one minute, to bound it.
struct RateWindow: Sendable {
    private var began: Moment?
    private var count = 0

    init() {}

    /// Whether one more fits into this minute.
    mutating func admit(_ now: Moment, limit: Int) -> Bool {
        if let began, now - began < .seconds(60) {
            guard count < limit else { return false }
        } else {
            began = now
            count = 0
        }
        count += 1
        return true
    }
}
