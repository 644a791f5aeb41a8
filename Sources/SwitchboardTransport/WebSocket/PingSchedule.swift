/// Tells a live connection from a dead one by counting pings without a sign of life. Pure.
struct PingSchedule {
    enum Action: Equatable {
        case ping
        case close
    }

    private let maxMissed: Int
    private var unanswered = 0

    init(maxMissed: Int) {
        self.maxMissed = maxMissed
    }

    /// Anything received proves that the client lives, not pongs only.
    mutating func signOfLifeReceived() {
        unanswered = 0
    }

    /// - Parameter isReading: false while the node itself does not read from the socket; then silence proves nothing.
    mutating func intervalElapsed(isReading: Bool) -> Action {
        guard isReading else {
            unanswered = 0
            return .ping
        }
        guard unanswered < maxMissed else { return .close }
        unanswered += 1
        return .ping
    }
}
