import Foundation

/// The time of a store that has no server to ask: nanoseconds are not needed, steps of the system's clock are borne.
public struct StoreClock: Sendable {
    /// Time since 1970-01-01 00:00 UTC.
    public let now: @Sendable () -> Duration

    /// A clock that asks `now` for the time since 1970-01-01 00:00 UTC.
    public init(now: @escaping @Sendable () -> Duration) {
        self.now = now
    }

    /// The system's clock.
    public static let system = StoreClock { .milliseconds(Int64(Date().timeIntervalSince1970 * 1000)) }
}
