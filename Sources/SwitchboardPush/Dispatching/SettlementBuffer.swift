import SwitchboardCore

/// What became of pushes and is not written into the outbox yet. One write at a time, tried until it works or is of no use
/// any more.
struct SettlementBuffer: Sendable {
    private struct Item: Sendable {
        var settlement: PushSettlement
        /// After that others have long taken the push.
        var end: Moment
    }

    private let limits: PushDispatcherLimits
    private var waiting: [Item] = []
    private var writing: [Item] = []
    private var failures = 0
    private(set) var retry: Moment?

    init(_ limits: PushDispatcherLimits) {
        self.limits = limits
    }

    var isEmpty: Bool { waiting.isEmpty && writing.isEmpty }
    /// Pushes whose outcome is not written.
    var count: Int { waiting.count + writing.count }

    mutating func add(_ settlement: PushSettlement, end: Moment) {
        waiting.append(Item(settlement: settlement, end: end))
    }

    /// What to write now; empty: nothing.
    mutating func begin(_ now: Moment) -> [PushSettlement] {
        guard writing.isEmpty, !waiting.isEmpty, retry.map({ $0 <= now }) ?? true else { return [] }
        retry = nil
        waiting.removeAll { $0.end <= now }
        (writing, waiting) = (waiting, [])
        return writing.map(\.settlement)
    }

    /// - Returns: what is written.
    mutating func finished() -> [PushSettlement] {
        failures = 0
        defer { writing = [] }
        return writing.map(\.settlement)
    }

    mutating func failed(_ now: Moment, jitter: Double) {
        waiting = writing + waiting
        writing = []
        retry = now + limits.retryDelay(attempts: failures, jitter: jitter)
        failures += 1
    }
}
