/// A point on the node's monotonic clock, as the driver reads it; the core has no clock of its own.
public struct Moment: Hashable, Comparable, Sendable {
    /// Time since an arbitrary start, the same for all moments of one process.
    public var sinceStart: Duration

    public init(_ sinceStart: Duration) {
        self.sinceStart = sinceStart
    }

    public static func < (left: Self, right: Self) -> Bool { left.sinceStart < right.sinceStart }
    public static func + (moment: Self, duration: Duration) -> Self { Self(moment.sinceStart + duration) }
    public static func - (left: Self, right: Self) -> Duration { left.sinceStart - right.sinceStart }
}

/// What time it is in one turn of the core.
public struct TurnTime: Sendable {
    public var now: Moment
    /// Milliseconds since 1970 by the wall clock: informative in deliveries, and for the expiry of tokens.
    public var wallMilliseconds: Double

    public init(now: Moment, wallMilliseconds: Double) {
        self.now = now
        self.wallMilliseconds = wallMilliseconds
    }
}

extension Duration {
    /// Milliseconds, fractions included.
    public var milliseconds: Double {
        Double(components.seconds) * 1000 + Double(components.attoseconds) / 1e15
    }

    /// From milliseconds as they stand on the wire; not finite or negative counts as zero, more than a year as a year.
    public init(wireMilliseconds: Double) {
        let bounded = wireMilliseconds.isFinite ? min(max(wireMilliseconds, 0), 31_536_000_000) : 0
        self = .nanoseconds(Int64(bounded * 1e6))
    }
}
