import ClientTestSupport
import SwitchboardProtocol

@testable import SwitchboardClient

extension SessionMachine {
    static func forTest(
        restoring record: OutboxRecord = OutboxRecord(id: OutboxID(trusted: "box")), seed: UInt64 = 1,
        _ change: (inout SessionConfiguration) -> Void = { _ in }
    ) -> SessionMachine {
        var configuration = SessionConfiguration()
        change(&configuration)
        return SessionMachine(
            configuration: configuration, device: DeviceID(trusted: "phone"), restoring: record, seed: seed)
    }

    /// As far as `hello`.
    mutating func connect() {
        _ = started()
        greet()
    }

    mutating func greet() {
        _ = socketOpened(token: "token")
    }

    mutating func welcome() {
        _ = frameReceived(.welcome())
    }

    // At the beginning of time, for tests to which time does not matter.
    mutating func frameReceived(_ frame: WireServerFrame) -> [SessionAction] { frameReceived(frame, now: .zero) }
    mutating func timerFired(_ timer: SessionTimer) -> [SessionAction] { timerFired(timer, now: .zero) }
    mutating func messageQueued(_ message: WireMessage, in id: ConversationID) throws(SendRefusal)
        -> (number: UInt32, actions: [SessionAction])
    {
        try messageQueued(message, in: id, now: .zero)
    }

    /// The socket falls; the milliseconds until the next attempt.
    mutating func lose() -> Int {
        socketClosed(code: nil).reconnectWait ?? -1
    }

    /// Everything up to `hello` on a new connection.
    mutating func reconnect() -> [SessionAction] {
        _ = socketClosed(code: nil)
        _ = timerFired(.reconnect)
        return socketOpened(token: "token")
    }

    /// Queues a message; what comes of it, but for the timer that watches over acceptance.
    mutating func queue(_ body: String, in id: ConversationID = callA) throws -> [String] {
        try messageQueued(.info(body), in: id).actions
            .filter { if case .schedule(.acceptanceDue, _) = $0 { false } else { true } }
            .transcript
    }
}
