import HeapModule

/// Timers of the core: keys with due times. A key may be scheduled several times; whoever handles a key checks whether it
/// still applies, which is simpler and cheaper than taking timers back.
struct TimerQueue<Key: Sendable>: Sendable {
    private struct Item: Comparable, Sendable {
        let due: Moment
        let order: UInt64
        let key: Key

        static func == (left: Self, right: Self) -> Bool { left.order == right.order }
        static func < (left: Self, right: Self) -> Bool { (left.due, left.order) < (right.due, right.order) }
    }

    private var heap = Heap<Item>()
    private var scheduled: UInt64 = 0

    var nextDue: Moment? { heap.min?.due }

    mutating func schedule(_ key: Key, at due: Moment) {
        scheduled += 1
        heap.insert(Item(due: due, order: scheduled, key: key))
    }

    /// The next key whose time has come, the earliest first; equal times in the order of scheduling.
    mutating func popDue(_ now: Moment) -> Key? {
        guard let first = heap.min, first.due <= now else { return nil }
        return heap.removeMin().key
    }
}
