/// Who is inside, and who waits to get in, in the order in which they came. Both are bounded.
struct WaitingLine {
    enum Place: Equatable {
        case inside
        case waiting
        /// No room even to wait.
        case turnedAway
    }

    let capacity: Int
    let maximumWaiting: Int
    private(set) var inside = 0
    private var waiting: [UInt64] = []

    init(capacity: Int, maximumWaiting: Int) {
        self.capacity = capacity
        self.maximumWaiting = maximumWaiting
    }

    mutating func arrived(_ visitor: UInt64) -> Place {
        if inside < capacity {
            inside += 1
            return .inside
        }
        guard waiting.count < maximumWaiting else { return .turnedAway }
        waiting.append(visitor)
        return .waiting
    }

    /// Somebody who was inside has gone.
    ///
    /// - Returns: who is inside in his place.
    mutating func left() -> UInt64? {
        guard !waiting.isEmpty else {
            inside -= 1
            return nil
        }
        return waiting.removeFirst()
    }

    /// Somebody waits no longer; no effect if he is inside.
    mutating func gaveUp(_ visitor: UInt64) {
        waiting.removeAll { $0 == visitor }
    }
}
