import SwitchboardProtocol

/// Presence is written in batches: one announcement and one withdrawal under way at a time, the next gathers meanwhile. A row is
/// withdrawn only after its announcement has returned, so that the two can't overtake each other.
struct PresenceQueue: Sendable {
    var toAnnounce: [ConnectionID] = []
    var toWithdraw: [PresenceKey] = []
    var isAnnouncing = false
    var isWithdrawing = false
    var announcing: [ConnectionID: PresenceKey] = [:]
    /// Incarnations with rows and without a registration, when it was looked for them last.
    var strangers: Set<Incarnation> = []
    static let batch = 500
}
