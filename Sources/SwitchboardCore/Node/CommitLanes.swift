import DequeModule
import SwitchboardProtocol

/// Group commit: while a lane's transaction is on its way, conversations that have something to append gather; they all go
/// out together as the next one. A conversation is pinned to its lane, so its appends never overtake each other.
struct CommitLanes: Sendable {
    struct Lane: Sendable {
        var waiting: Deque<ConversationID> = []
        var isWaiting: Set<ConversationID> = []
        var isBusy = false
        /// After a failure nothing goes out before that.
        var blockedUntil: Moment?
        var failures = 0
    }

    private var lanes: [StoreLane: Lane] = [:]
    private let writers: Int

    init(writers: Int) {
        self.writers = max(writers, 1)
        for number in 0..<self.writers {
            lanes[.writer(number)] = Lane()
        }
        lanes[.barrier] = Lane()
    }

    var all: [StoreLane] { (0..<writers).map { .writer($0) } + [.barrier] }

    func writer(of conversation: ConversationID) -> StoreLane {
        .writer(Int(truncatingIfNeeded: (conversation.low ^ conversation.high) % UInt64(writers)))
    }

    mutating func want(_ conversation: ConversationID, on lane: StoreLane) {
        guard lanes[lane]?.isWaiting.insert(conversation).inserted == true else { return }
        lanes[lane]?.waiting.append(conversation)
    }

    /// Up to `limit` conversations to commit for now; none if the lane is busy or blocked.
    mutating func take(_ lane: StoreLane, limit: Int, now: Moment) -> [ConversationID] {
        guard let state = lanes[lane], !state.isBusy, !state.waiting.isEmpty else { return [] }
        if let blockedUntil = state.blockedUntil, now < blockedUntil { return [] }
        let taken = Array(state.waiting.prefix(limit))
        lanes[lane]?.waiting.removeFirst(taken.count)
        lanes[lane]?.isWaiting.subtract(taken)
        return taken
    }

    func hasWaiting(_ lane: StoreLane) -> Bool { lanes[lane]?.waiting.isEmpty == false }

    mutating func began(_ lane: StoreLane) { lanes[lane]?.isBusy = true }

    mutating func succeeded(_ lane: StoreLane) {
        lanes[lane]?.isBusy = false
        lanes[lane]?.failures = 0
        lanes[lane]?.blockedUntil = nil
    }

    /// Returns when to try again.
    mutating func failed(_ lane: StoreLane, now: Moment, retry: Duration, maximum: Duration) -> Moment {
        let failures = min((lanes[lane]?.failures ?? 0) + 1, 8)
        let until = now + min(retry * (1 << (failures - 1)), maximum)
        lanes[lane]?.isBusy = false
        lanes[lane]?.failures = failures
        lanes[lane]?.blockedUntil = until
        return until
    }
}
