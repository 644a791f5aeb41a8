import NIOCore
import Synchronization

/// Hands out the calls of a run to whoever is free: so many, at most so many a second, until a time.
package final class CallPacer: Sendable {
    private let limit: Int
    private let interval: TimeAmount
    private let start: NIODeadline
    private let end: NIODeadline
    private let next = Atomic(0)
    private let isStopped = Atomic(false)

    /// - Parameters:
    ///   - limit: calls in all.
    ///   - rate: calls a second; nil: as many as there is room for.
    ///   - end: when no more are begun.
    package init(limit: Int, rate: Double? = nil, start: NIODeadline = .now(), end: NIODeadline = .distantFuture) {
        self.limit = limit
        self.start = start
        self.end = end
        interval = rate.map { .nanoseconds(Int64(1e9 / max($0, 0.000_1))) } ?? .zero
    }

    /// When the next call is due; nil: there are no more.
    package func take() -> NIODeadline? {
        guard !isStopped.load(ordering: .relaxed), NIODeadline.now() < end else { return nil }
        let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
        guard index < limit else { return nil }
        let due = start + .nanoseconds(interval.nanoseconds * Int64(index))
        return due < end ? due : nil
    }

    /// No more calls are handed out.
    package func stop() {
        isStopped.store(true, ordering: .relaxed)
    }
}
