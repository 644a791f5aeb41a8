import HeapModule

/// Time that passes only when it is told to: everything that shall happen waits in one queue, in one order, so that a seed
/// repeats a run exactly. Not for several threads.
public final class VirtualTime {
    private struct Item: Comparable {
        let due: Duration
        let order: UInt64
        let action: () -> Void

        static func == (left: Self, right: Self) -> Bool { left.order == right.order }
        static func < (left: Self, right: Self) -> Bool { (left.due, left.order) < (right.due, right.order) }
    }

    private var heap = Heap<Item>()
    private var scheduled: UInt64 = 0

    /// Since the start of the simulation.
    public private(set) var now: Duration = .zero
    /// How much has happened so far; for bounds and for telling two runs apart.
    public private(set) var steps: UInt64 = 0

    public init() {}

    /// Does it later; what is due at the same time happens in the order of scheduling.
    public func after(_ delay: Duration, _ action: @escaping () -> Void) {
        at(now + max(delay, .zero), action)
    }

    public func at(_ due: Duration, _ action: @escaping () -> Void) {
        scheduled += 1
        heap.insert(Item(due: max(due, now), order: scheduled, action: action))
    }

    /// Lets everything happen that is due until then.
    public func run(until end: Duration) {
        while let first = heap.min, first.due <= end {
            let item = heap.removeMin()
            now = item.due
            steps += 1
            item.action()
        }
        now = max(now, end)
    }

    /// Lets time pass until the condition holds, asking every `interval`. False: it did not within `limit`.
    public func run(for limit: Duration, asking interval: Duration = .milliseconds(50), until condition: () -> Bool)
        -> Bool
    {
        let end = now + limit
        while !condition() {
            guard now < end else { return false }
            run(until: min(now + interval, end))
        }
        return true
    }

    /// Nothing more will happen; breaks the cycles between the queue and what it holds.
    public func stop() {
        heap = Heap<Item>()
    }
}
