/// Whether the store takes commits. A leader without a successful one for `storeOutage` says so in the coordinator, and its
/// conversations may be claimed by nodes whose own store works.
struct StoreHealth: Sendable {
    private(set) var failingSince: Moment?
    private(set) var isOut = false
    var isProbing = false

    /// Returns true if this ends an outage.
    mutating func succeeded() -> Bool {
        failingSince = nil
        defer { isOut = false }
        return isOut
    }

    mutating func failed(_ now: Moment) {
        if failingSince == nil { failingSince = now }
    }

    /// Returns true if an outage begins now.
    mutating func check(_ now: Moment, limit: Duration) -> Bool {
        guard let failingSince, !isOut, now - failingSince >= limit else { return false }
        isOut = true
        return true
    }
}
