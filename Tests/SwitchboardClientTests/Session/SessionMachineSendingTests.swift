import ClientTestSupport
import SwiftProtobuf
import SwitchboardProtocol
import Testing

@testable import SwitchboardClient

@Suite("Session: sends")
struct SessionMachineSendingTests {
    private var session = SessionMachine.forTest()

    private mutating func becomeReady() {
        session.connect()
        session.welcome()
    }

    @Test("a message is stored before it is sent; numbers are dense per conversation; acceptance is cumulative")
    mutating func sends() throws {
        becomeReady()
        #expect(try session.queue("one") == ["store a1 one", "→ send a1 one"])
        #expect(try session.queue("two") == ["store a2 two", "→ send a2 two"])
        #expect(try session.queue("other", in: callB) == ["store b1 other", "→ send b1 other"])
        #expect(session.frameReceived(.accepted(callA, 2)).transcript == ["store a≤2", "! accepted a≤2"])
        #expect(session.frameReceived(.accepted(callA, 1)).isEmpty, "late, and covered")
        #expect(try session.queue("three") == ["store a3 three", "→ send a3 three"])
    }

    @Test("without a connection messages wait, and all that is unaccepted follows the welcome in order")
    mutating func resendsAfterWelcome() throws {
        #expect(try session.queue("one") == ["store a1 one"])
        session.connect()
        #expect(try session.queue("two") == ["store a2 two"])
        #expect(try session.queue("other", in: callB) == ["store b1 other"])
        #expect(
            session.frameReceived(.welcome()).transcript.suffix(4) == [
                "! welcome to n1", "→ send a1 one", "→ send a2 two", "→ send b1 other",
            ])
        _ = session.frameReceived(.accepted(callA, 1))
        let hello = session.reconnect().transcript
        // Nothing of b was ever accepted: no server can know it, and to be told so would cross with its first message.
        #expect(hello.contains("→ hello phone connection 2 outbox box a≤0"))
        #expect(
            session.frameReceived(.welcome(accepted: [callB: 1])).transcript.suffix(4) == [
                "! welcome to n1", "store b≤1", "! accepted b≤1", "→ send a2 two",
            ])
    }

    @Test("a restored outbox goes on with its numbers and under its id")
    mutating func restores() throws {
        var record = OutboxRecord(id: OutboxID(trusted: "old"))
        record.apply(.accepted(callA, through: 4))
        record.apply(.appended(callA, number: 5, .info("five")))
        session = .forTest(restoring: record)
        _ = session.started()
        // No cursor: what this life knows of the conversation comes in a snapshot.
        #expect(session.socketOpened(token: "").transcript[0] == "→ hello phone connection 1 outbox old")
        #expect(session.frameReceived(.welcome()).transcript.last == "→ send a5 five")
        #expect(try session.queue("six") == ["store a6 six", "→ send a6 six"])
    }

    @Test("a temporary error keeps the conversation back, and only it; the gaps behind it cause no second resend")
    mutating func postpones() throws {
        becomeReady()
        for body in ["one", "two", "three"] { _ = try session.queue(body) }
        #expect(
            session.frameReceived(.failure(.overloaded, in: callA, number: 1, retryAfterMs: 500)).transcript == [
                "in 500 ms: resend a", "! postponed a overloaded",
            ])
        #expect(session.frameReceived(.failure(.gap, in: callA, number: 1)).isEmpty)
        #expect(session.frameReceived(.failure(.gap, in: callA, number: 1)).isEmpty)
        #expect(try session.queue("four") == ["store a4 four"], "held back")
        #expect(try session.queue("other", in: callB) == ["store b1 other", "→ send b1 other"])
        #expect(
            session.timerFired(.resend(callA)).transcript == [
                "→ send a1 one", "→ send a2 two", "→ send a3 three", "→ send a4 four",
            ])
        #expect(session.timerFired(.resend(callA)).isEmpty)
    }

    @Test("a gap resends from the number that it names, after a wait that grows with repetition")
    mutating func gaps() throws {
        becomeReady()
        for body in ["one", "two", "three"] { _ = try session.queue(body) }
        var longest = 0
        for _ in 0..<8 {
            let actions = session.frameReceived(.failure(.gap, in: callA, number: 2))
            guard case .schedule(.resend(callA), let wait)? = actions.first else {
                Issue.record("expected a wait, got \(actions.transcript)")
                return
            }
            longest = max(longest, wait.inMilliseconds)
            #expect(session.timerFired(.resend(callA)).transcript == ["→ send a2 two", "→ send a3 three"])
        }
        #expect(longest > 100, "eight errors in a row should wait longer than one")
    }

    @Test("what was accepted meanwhile is not sent again, and a wait for nothing ends")
    mutating func acceptedWhilePostponed() throws {
        becomeReady()
        for body in ["one", "two"] { _ = try session.queue(body) }
        _ = session.frameReceived(.failure(.storeUnavailable, in: callA, number: 1, retryAfterMs: 100))
        _ = session.frameReceived(.accepted(callA, 1))
        #expect(session.timerFired(.resend(callA)).transcript == ["→ send a2 two"])
        _ = session.frameReceived(.failure(.storeUnavailable, in: callA, number: 2, retryAfterMs: 100))
        #expect(
            session.frameReceived(.accepted(callA, 2)).transcript == ["never: resend a", "store a≤2", "! accepted a≤2"])
        #expect(try session.queue("three") == ["store a3 three", "→ send a3 three"])
    }

    @Test("a new connection forgets the waits of the old one")
    mutating func reconnectEndsWaits() throws {
        becomeReady()
        _ = try session.queue("one")
        _ = session.frameReceived(.failure(.overloaded, in: callA, number: 1, retryAfterMs: 60_000))
        let lost = session.socketClosed(code: nil).transcript
        #expect(lost.contains("never: resend a"))
        _ = session.timerFired(.reconnect)
        session.greet()
        #expect(session.frameReceived(.welcome()).transcript.last == "→ send a1 one")
    }

    @Test("a permanent error tells the application and waits for the acceptance that covers it")
    mutating func refuses() throws {
        becomeReady()
        _ = try session.queue("one")
        #expect(
            session.frameReceived(.failure(.notSelected, in: callA, number: 1)).transcript == [
                "! refused a1 not_selected"
            ])
        #expect(session.frameReceived(.accepted(callA, 1)).transcript == ["store a≤1", "! accepted a≤1"])
    }

    @Test("not_found drops the conversation with its outbox")
    mutating func drops() throws {
        becomeReady()
        for body in ["one", "two"] { _ = try session.queue(body) }
        #expect(
            session.frameReceived(.failure(.notFound, in: callA, number: 1)).transcript == [
                "never: resend a", "store a forgotten", "! dropped a[1, 2] not_found",
            ])
        #expect(session.reconnect().transcript[0] == "→ hello phone connection 2 outbox box")
        #expect(session.frameReceived(.welcome()).frames.isEmpty)
    }

    @Test("superseded ends the session")
    mutating func superseded() throws {
        becomeReady()
        _ = try session.queue("one")
        #expect(session.frameReceived(.failure(.superseded, in: callA, number: 1)).events.last == .ended(.superseded))
    }

    @Test("the server's limits hold: outbox, conversations, size")
    mutating func limits() throws {
        session = .forTest { $0.maximumWaitingMessages = 2 }
        session.connect()
        _ = session.frameReceived(
            .with {
                $0.welcome.limits.maxOutboxMessages = 2
                $0.welcome.limits.maxConversations = 2
                $0.welcome.limits.maxMessageBytes = 1000
            })
        _ = try session.queue("one")
        #expect(throws: SendRefusal.messageTooLarge(limit: 1000)) {
            try session.messageQueued(.info(String(repeating: "x", count: 1000)), in: callA)
        }
        #expect(try session.queue(String(repeating: "x", count: 900)).count == 2)
        #expect(throws: SendRefusal.outboxFull(limit: 2)) { try session.messageQueued(.info("three"), in: callA) }
        _ = try session.queue("b", in: callB)
        let third = ConversationID(high: 0, low: 0xc)
        #expect(throws: SendRefusal.tooManyConversations(limit: 2)) {
            try session.messageQueued(.info("c"), in: third)
        }
        _ = session.frameReceived(.deliver(callB, 1, .ended("hangup")))
        #expect(try session.queue("c", in: third).count == 2, "an ended conversation takes no place")
        #expect(throws: SendRefusal.outboxFull(limit: 2)) { try session.messageQueued(.info("three"), in: callA) }
    }

    @Test("JSON's size is counted as encoded")
    mutating func jsonSize() throws {
        session = .forTest {
            $0.subprotocol = .json
            $0.limits.messageBytes = 1000
        }
        // Each newline becomes two characters.
        let body = String(repeating: "\n", count: 600)
        #expect(throws: SendRefusal.messageTooLarge(limit: 1000)) { try session.messageQueued(.info(body), in: callA) }
        session = .forTest { $0.limits.messageBytes = 1000 }
        #expect(try session.messageQueued(.info(body), in: callA).number == 1)
    }

    @Test("an acceptance of more than was sent moves the numbering on, so that no number is used twice")
    mutating func acceptsUnknown() throws {
        becomeReady()
        #expect(session.frameReceived(.accepted(callA, 7)).transcript == ["store a≤7"])
        #expect(try session.queue("eight") == ["store a8 eight", "→ send a8 eight"])
    }
}
