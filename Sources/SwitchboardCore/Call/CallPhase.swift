/// How far a call is. `ended` is reachable from everywhere and absorbing.
enum CallPhase: String, Sendable {
    /// The invite is committed; no device has said that it rings.
    case inviting
    case ringing
    /// A device has been selected.
    case connecting
    /// One side has said that media flow.
    case active
    case ended

    var isBeforePickup: Bool { self == .inviting || self == .ringing }
    var isAfterPickup: Bool { self == .connecting || self == .active }
}
