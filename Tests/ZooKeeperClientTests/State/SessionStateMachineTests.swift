import Testing

@testable import ZooKeeperClient

@Suite("Session state machine")
struct SessionStateMachineTests {
    private let id = ZooKeeperSessionID(rawValue: 7)
    private let timeout = Duration.seconds(6)
    private let start = ContinuousClock.now
    private var machine = SessionStateMachine()

    @Test("Connects, loses the connection, connects again")
    mutating func reconnects() {
        #expect(machine.refusal == nil)
        #expect(!machine.isConnected)
        #expect(machine.connected(id, timeout: timeout) == [.emit(.connected(id, timeout: timeout))])
        #expect(machine.isConnected)
        #expect(machine.connectionLost(now: start) == [.emit(.disconnected), .armSuspicionTimer(timeout)])
        #expect(!machine.isConnected)
        #expect(machine.refusal == nil)
        #expect(machine.connected(id, timeout: timeout) == [.emit(.connected(id, timeout: timeout))])
    }

    @Test("Attempts that fail before and between connections are no news")
    mutating func failedAttempts() {
        #expect(machine.connectionLost(now: start) == [])
        _ = machine.connected(id, timeout: timeout)
        _ = machine.connectionLost(now: start)
        #expect(machine.connectionLost(now: start + .seconds(1)) == [])
    }

    @Test("Presumes expiry once, when the timeout has passed without a connection")
    mutating func presumesExpiry() {
        _ = machine.connected(id, timeout: timeout)
        _ = machine.connectionLost(now: start)
        #expect(machine.suspicionTimerFired(now: start + timeout) == [.emit(.presumedExpired)])
        #expect(machine.suspicionTimerFired(now: start + timeout * 2) == [])
        #expect(machine.refusal == nil)
    }

    @Test("A connection in between starts the suspicion anew, with one timer")
    mutating func suspicionStartsAnew() {
        _ = machine.connected(id, timeout: timeout)
        _ = machine.connectionLost(now: start)
        _ = machine.connected(id, timeout: timeout)
        #expect(machine.connectionLost(now: start + .seconds(5)) == [.emit(.disconnected)])
        #expect(machine.suspicionTimerFired(now: start + timeout) == [.armSuspicionTimer(.seconds(5))])
        #expect(machine.suspicionTimerFired(now: start + .seconds(11)) == [.emit(.presumedExpired)])
    }

    @Test("A timer that fires while connected does nothing, and the next loss arms it again")
    mutating func timerWhileConnected() {
        _ = machine.connected(id, timeout: timeout)
        _ = machine.connectionLost(now: start)
        _ = machine.connected(id, timeout: timeout)
        #expect(machine.suspicionTimerFired(now: start + timeout) == [])
        #expect(
            machine.connectionLost(now: start + .seconds(9)) == [.emit(.disconnected), .armSuspicionTimer(timeout)])
    }

    @Test("Expiry fails what is in flight and closes; nothing comes after closed")
    mutating func expires() {
        _ = machine.connected(id, timeout: timeout)
        #expect(machine.expired() == [.emit(.expired), .failPending(.sessionExpired), .closeHandle])
        #expect(machine.refusal == .sessionExpired)
        #expect(machine.closeRequested() == [])
        #expect(machine.connected(id, timeout: timeout) == [])
        #expect(machine.connectionLost(now: start) == [])
        #expect(machine.handleClosed() == [.failPending(.closing), .emit(.closed)])
        #expect(machine.handleClosed() == [])
        #expect(machine.refusal == .closing)
    }

    @Test("Refused credentials end the session")
    mutating func authenticationFails() {
        #expect(
            machine.authenticationFailed()
                == [.emit(.authenticationFailed), .failPending(.authenticationFailed), .closeHandle])
        #expect(machine.refusal == .authenticationFailed)
    }

    @Test("Closing is asked for once, and what comes during it is ignored")
    mutating func closes() {
        _ = machine.connected(id, timeout: timeout)
        #expect(machine.closeRequested() == [.closeHandle])
        #expect(machine.refusal == .closing)
        #expect(machine.closeRequested() == [])
        #expect(machine.expired() == [])
        #expect(machine.connectionLost(now: start) == [])
        #expect(!machine.isClosed)
        #expect(machine.handleClosed() == [.failPending(.closing), .emit(.closed)])
        #expect(machine.isClosed)
    }
}
