import DequeModule

/// What is on its way in one direction: things leave in the order in which they came, each when it is due.
///
/// Pure; times are numbers of any clock that does not go back.
struct DelayLine<Item> {
    private struct Waiting {
        var item: Item
        var cost: Int
        var due: UInt64
    }

    /// Beyond it no more is to be taken in.
    let capacity: Int
    /// Bytes that have come and are not passed on.
    private(set) var held = 0
    private var waiting: Deque<Waiting> = []

    init(capacity: Int) {
        self.capacity = capacity
    }

    /// Whether whoever feeds it has to stop.
    var isFull: Bool { held >= capacity }
    /// Whether there is room again for whoever has stopped.
    var hasRoom: Bool { held <= capacity / 2 }

    /// When the next thing leaves.
    var nextDue: UInt64? { waiting.first?.due }

    /// Something came. What came before leaves before, whatever its time was.
    mutating func append(_ item: Item, cost: Int, due: UInt64) {
        waiting.append(Waiting(item: item, cost: cost, due: max(due, waiting.last?.due ?? 0)))
        held += cost
    }

    /// Takes what is due; it counts as held until `passedOn` says so.
    mutating func take(at now: UInt64) -> [(item: Item, cost: Int)] {
        var taken: [(item: Item, cost: Int)] = []
        while let first = waiting.first, first.due <= now {
            waiting.removeFirst()
            taken.append((first.item, first.cost))
        }
        return taken
    }

    /// So many bytes have left for good.
    mutating func passedOn(_ cost: Int) {
        held -= cost
    }
}
