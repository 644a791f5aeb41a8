/// A time limit of a call, counted from an entry of its log. There is at most one of each kind.
struct Deadline: Sendable, Equatable {
    var kind: DeadlineKind
    var duration: Duration
    /// Index of the entry from which it counts.
    var since: UInt32
}

/// What a deadline judges.
enum DeadlineKind: String, Sendable, CaseIterable, Comparable {
    /// Nobody picked up: `no_answer`.
    case ring
    /// Picked up, but no media: `connect_failed`.
    case connect
    /// No device of the callee is there, and no provider has taken a push: `unreachable`.
    case reach
    /// The caller's device is not connected while it rings: `cancelled`.
    case callerLost = "caller_lost"
    /// Neither selected device is connected: `signal_lost`.
    case signalLost = "signal_lost"
    /// A call does not arrive at the device that it is to move to.
    case handover

    static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}
