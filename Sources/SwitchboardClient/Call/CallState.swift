/// Where a call stands, as this side sees it.
public enum CallState: Sendable, Equatable {
    /// The caller's only: nobody rings yet.
    case inviting
    case ringing
    /// Picked up; the media is on its way.
    case connecting
    case active
    /// The media is lost for the moment.
    case reconnecting
    /// Over on this device, for good.
    case ended(CallEnd)

    public var hasEnded: Bool { if case .ended = self { true } else { false } }

    /// A user has picked up, here or at the other end, as far as is known here.
    var isPickedUp: Bool { self != .inviting && self != .ringing }
}
