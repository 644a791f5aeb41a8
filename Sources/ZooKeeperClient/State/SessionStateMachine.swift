/// The life of one session, without clock, threads or C.
///
/// Inputs are named after what happened and return what to do, in order. An input that comes too late (the library reports a
/// connection while the client is closing) does nothing.
struct SessionStateMachine {
    enum Action: Equatable {
        case emit(ZooKeeperSessionEvent)
        /// Call ``suspicionTimerFired(now:)`` after so long. At most one timer is out at a time.
        case armSuspicionTimer(Duration)
        /// Fail everything in flight.
        case failPending(ZooKeeperError)
        /// Close the library's handle, then call ``handleClosed()``.
        case closeHandle
    }

    private enum Phase: Equatable {
        case connecting
        case connected(timeout: Duration)
        /// `presumption` is the moment from which the session counts as expired; `nil` once that has been told.
        case disconnected(presumption: ContinuousClock.Instant?)
        /// Requests are refused for this reason; the handle is being closed.
        case ended(ZooKeeperError)
        case closed
    }

    private var phase = Phase.connecting
    private var timerIsArmed = false

    /// Why no request can be accepted now, if so. Without a connection they are accepted, and wait for one.
    var refusal: ZooKeeperError? {
        switch phase {
        case .connecting, .connected, .disconnected: nil
        case .ended(let reason): reason
        case .closed: .closing
        }
    }

    var isConnected: Bool {
        if case .connected = phase { true } else { false }
    }

    /// Whether the handle is to be closed, or has been.
    var hasEnded: Bool {
        switch phase {
        case .connecting, .connected, .disconnected: false
        case .ended, .closed: true
        }
    }

    var isClosed: Bool { phase == .closed }

    mutating func connected(_ id: ZooKeeperSessionID, timeout: Duration) -> [Action] {
        guard !hasEnded else { return [] }
        phase = .connected(timeout: timeout)
        return [.emit(.connected(id, timeout: timeout))]
    }

    mutating func connectionLost(now: ContinuousClock.Instant) -> [Action] {
        guard case .connected(let timeout) = phase else { return [] }
        phase = .disconnected(presumption: now + timeout)
        guard !timerIsArmed else { return [.emit(.disconnected)] }
        timerIsArmed = true
        return [.emit(.disconnected), .armSuspicionTimer(timeout)]
    }

    mutating func suspicionTimerFired(now: ContinuousClock.Instant) -> [Action] {
        timerIsArmed = false
        guard case .disconnected(let presumption?) = phase else { return [] }
        guard now >= presumption else {
            // Armed in an earlier disconnection; this one has not lasted long enough.
            timerIsArmed = true
            return [.armSuspicionTimer(presumption - now)]
        }
        phase = .disconnected(presumption: nil)
        return [.emit(.presumedExpired)]
    }

    mutating func expired() -> [Action] {
        end(.sessionExpired, telling: .expired)
    }

    mutating func authenticationFailed() -> [Action] {
        end(.authenticationFailed, telling: .authenticationFailed)
    }

    mutating func closeRequested() -> [Action] {
        guard !hasEnded else { return [] }
        phase = .ended(.closing)
        return [.closeHandle]
    }

    mutating func handleClosed() -> [Action] {
        guard !isClosed else { return [] }
        phase = .closed
        return [.failPending(.closing), .emit(.closed)]
    }

    private mutating func end(_ reason: ZooKeeperError, telling event: ZooKeeperSessionEvent) -> [Action] {
        guard !hasEnded else { return [] }
        phase = .ended(reason)
        // An expired handle wakes up every millisecond until it is closed, and can do nothing any more.
        return [.emit(event), .failPending(reason), .closeHandle]
    }
}
