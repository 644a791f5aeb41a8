import NIOCore

/// When to send a keepalive, and when a link is dead. Pure: time is an argument.
struct LinkPulse {
    enum Action: Equatable {
        case nothing
        case sendKeepalive
        case dead
    }

    private let interval: TimeAmount
    private let silence: TimeAmount
    private var lastSent: NIODeadline
    private(set) var lastReceived: NIODeadline
    private var lastTick: NIODeadline

    init(interval: Duration, silence: Duration, now: NIODeadline) {
        self.interval = TimeAmount(interval)
        self.silence = TimeAmount(silence)
        lastSent = now
        lastReceived = now
        lastTick = now
    }

    mutating func sent(now: NIODeadline) { lastSent = now }
    mutating func received(now: NIODeadline) { lastReceived = now }

    /// To be called at least twice per interval.
    mutating func tick(now: NIODeadline) -> Action {
        // A process that was stopped itself has heard nobody; that is not its peers' silence.
        let late = (now - lastTick) - interval
        if late > .zero { lastReceived = min(now, lastReceived + late) }
        lastTick = now
        if now - lastReceived >= silence { return .dead }
        return now - lastSent >= interval ? .sendKeepalive : .nothing
    }
}
