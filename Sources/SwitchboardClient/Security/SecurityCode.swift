/// The pictures that two users compare to see that nobody is between their devices.
public enum SecurityCode: Sendable, Equatable {
    /// Not selected yet, or the peer takes no part.
    case unavailable
    /// The devices are at it, or the media does not flow yet.
    case pending
    /// Five pictures.
    case ready([SecurityPicture])
    /// What was said does not fit together: the call may be overheard. Warn the user.
    case failed

    public var pictures: [SecurityPicture]? { if case .ready(let pictures) = self { pictures } else { nil } }
}
