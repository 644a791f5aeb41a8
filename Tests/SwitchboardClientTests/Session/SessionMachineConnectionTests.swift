import ClientTestSupport
import SwiftProtobuf
import SwitchboardProtocol
import Testing

@testable import SwitchboardClient

@Suite("Session: connections")
struct SessionMachineConnectionTests {
    private var session = SessionMachine.forTest()

    @Test("greets with its cursors, then is ready")
    mutating func connects() {
        #expect(
            session.started().transcript == [
                "store connection 1", "! connecting (0)", "in 10000 ms: welcomeDue", "connect",
            ])
        #expect(session.socketOpened(token: "t").transcript == ["→ hello phone connection 1 outbox box"])
        #expect(!session.isReady)
        #expect(
            session.frameReceived(.welcome()).transcript == [
                "never: welcomeDue", "in 10000 ms: stable", "in 25000 ms: heartbeat", "! welcome to n1",
            ])
        #expect(session.isReady)
        #expect(session.frameReceived(.syncComplete(missing: [callB])).transcript == ["! synchronized -b"])
    }

    @Test("the first retry comes at once, the following ones after growing, jittered waits; a long stand starts afresh")
    mutating func backsOff() {
        session.connect()
        session.welcome()
        _ = session.timerFired(.stable)

        var waits: [Int] = [session.lose()]
        for _ in 0..<12 {
            _ = session.timerFired(.reconnect)
            let actions = session.socketFailed(reason: "refused")
            waits.append(actions.reconnectWait ?? -1)
        }
        #expect(waits[0] == 0)
        let ceilings = [500, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000, 30000, 30000, 30000]
        for (wait, ceiling) in zip(waits.dropFirst(), ceilings) {
            #expect(wait >= 0 && wait <= ceiling)
        }
        #expect(Set(waits.dropFirst()).count > 8, "jitter should make the waits differ")

        _ = session.timerFired(.reconnect)
        session.greet()
        session.welcome()
        #expect(session.lose() > 0, "a connection that falls at once does not start the backoff afresh")
        _ = session.timerFired(.reconnect)
        session.greet()
        session.welcome()
        _ = session.timerFired(.stable)
        #expect(session.lose() == 0)
    }

    @Test("the connection counter rises with each connection, from what was stored")
    mutating func countsConnections() {
        var record = OutboxRecord(id: OutboxID(trusted: "box"))
        record.apply(.connectionCounted(7))
        session = SessionMachine.forTest(restoring: record)
        #expect(session.started().transcript.first == "store connection 8")
        session.greet()
        session.welcome()
        _ = session.lose()
        #expect(session.timerFired(.reconnect).transcript.first == "store connection 9")
    }

    @Test(
        "close codes decide whether it comes back",
        arguments: [
            (nil, true), (1000, true), (1001, true), (1011, true), (1012, true), (1013, true), (4000, true),
            (4003, true),
            (4499, true), (1008, false), (1009, false), (4500, false), (4502, false), (4999, false), (3000, true),
        ] as [(UInt16?, Bool)])
    func closeCodes(code: UInt16?, comesBack: Bool) {
        var session = SessionMachine.forTest()
        session.connect()
        session.welcome()
        let events = session.socketClosed(code: code).events
        if comesBack {
            #expect(events == [.disconnected(.closed(code: code), retryAfter: .zero)])
        } else {
            #expect(events == [.ended(.refused(code: code ?? 0, nil))])
            #expect(session.networkBecameAvailable().isEmpty)
            #expect(session.timerFired(.reconnect).isEmpty)
        }
    }

    @Test("says which error came before a final close")
    mutating func namesTheError() {
        session.connect()
        #expect(session.frameReceived(.failure(.badToken)).transcript == ["! failed bad_token"])
        guard case .ended(.refused(4500, let error)) = session.socketClosed(code: 4500).events.first else {
            Issue.record("the session should have ended")
            return
        }
        #expect(error?.known == .badToken)
    }

    @Test("a server that does not greet is left")
    mutating func unwelcome() {
        session.connect()
        let actions = session.timerFired(.welcomeDue).transcript
        #expect(
            actions == [
                "disconnect 1001", "never: welcomeDue", "! disconnected silent, again in 0 ms", "in 0 ms: reconnect",
            ])
    }

    @Test("an overloaded server's own time overrides the backoff")
    mutating func retryAfterOverrides() {
        session.connect()
        _ = session.frameReceived(.failure(.tooManyConnections, retryAfterMs: 3000))
        #expect(session.socketClosed(code: 1013).reconnectWait == 3000)
    }

    @Test("go_away: moves after the delay it was given, having acknowledged")
    mutating func goesAway() {
        session.connect()
        session.welcome()
        #expect(session.frameReceived(.goAway(afterMs: 700)).transcript == ["in 700 ms: reconnect"])
        _ = session.frameReceived(.deliver(callA, 1))
        let actions = session.timerFired(.reconnect).transcript
        #expect(actions.first == "→ ack a≤1")
        #expect(actions.contains("! disconnected serverLeaving, again in 0 ms"))
        #expect(actions.last == "connect")
    }

    @Test("go_away: a server that closes earlier is not asked again before the delay")
    mutating func goesAwayEarly() {
        session.connect()
        session.welcome()
        _ = session.frameReceived(.goAway(afterMs: 700))
        let actions = session.socketClosed(code: 1012)
        #expect(actions.events == [.disconnected(.closed(code: 1012), retryAfter: .milliseconds(700))])
        #expect(actions.reconnectWait == nil, "the timer that runs already is the one")
        #expect(session.timerFired(.reconnect).transcript.last == "connect")
    }

    @Test("silence is broken by a ping, and a server that does not answer is left")
    mutating func heartbeats() {
        session.connect()
        session.welcome()
        _ = session.frameReceived(.sign, now: .seconds(10))
        #expect(session.timerFired(.heartbeat, now: .seconds(25)).transcript == ["in 10000 ms: heartbeat"])
        #expect(
            session.timerFired(.heartbeat, now: .seconds(35)).transcript == [
                "→ ping", "in 5000 ms: pongDue", "in 25000 ms: heartbeat",
            ])
        _ = session.frameReceived(.sign, now: .seconds(36))
        #expect(session.timerFired(.pongDue).isEmpty)
        session.pingReceived(now: .seconds(50))
        #expect(session.timerFired(.heartbeat, now: .seconds(60)).transcript == ["in 15000 ms: heartbeat"])
        #expect(session.networkBecameAvailable().transcript == ["→ ping", "in 5000 ms: pongDue"])
        #expect(session.networkBecameAvailable().isEmpty, "one ping at a time")
        #expect(session.timerFired(.pongDue).events == [.disconnected(.silent, retryAfter: .zero)])
    }

    @Test("somebody waits for acceptance: silence is broken sooner")
    mutating func isImpatient() throws {
        session.connect()
        session.welcome()
        let first = try session.messageQueued(.info("one"), in: callA).actions.transcript
        #expect(first == ["store a1 one", "in 5000 ms: acceptanceDue", "→ send a1 one"])
        #expect(try session.messageQueued(.info("two"), in: callA).actions.count == 2, "one timer for all")
        _ = session.frameReceived(.accepted(callA, 1), now: .seconds(2))
        #expect(
            session.timerFired(.acceptanceDue, now: .seconds(5)).transcript == ["in 2000 ms: acceptanceDue"])
        #expect(
            session.timerFired(.acceptanceDue, now: .seconds(7)).transcript == [
                "→ ping", "in 5000 ms: pongDue", "in 5000 ms: acceptanceDue",
            ])
        _ = session.frameReceived(.accepted(callA, 2), now: .seconds(8))
        #expect(session.timerFired(.pongDue).isEmpty)
        #expect(session.timerFired(.acceptanceDue, now: .seconds(12)).isEmpty, "nobody waits any more")
        _ = try session.queue("three")
        #expect(session.timerFired(.acceptanceDue, now: .seconds(17)).transcript.first == "→ ping")
        #expect(session.timerFired(.pongDue).events == [.disconnected(.silent, retryAfter: .zero)])
        _ = session.timerFired(.reconnect)
        session.greet()
        #expect(session.frameReceived(.welcome()).transcript.contains("in 5000 ms: acceptanceDue"))
    }

    @Test("the network's return ends a wait")
    mutating func networkReturns() {
        _ = session.started()
        _ = session.socketFailed(reason: "no network")
        #expect(session.networkBecameAvailable().transcript.first == "never: reconnect")
        #expect(session.socketFailed(reason: "no network").events.count == 1)
    }

    @Test(
        "what the protocol does not allow costs the server the connection",
        arguments: [
            .welcome(), .deliver(callA, 2), .with { $0.deliver.number = 1 }, .with { $0.accepted.number = 1 },
            .with { $0.snapshot.nextNumber = 1 },
        ] as [WireServerFrame])
    func violations(frame: WireServerFrame) {
        var session = SessionMachine.forTest()
        session.connect()
        session.welcome()
        let actions = session.frameReceived(frame)
        #expect(actions.transcript.first == "disconnect 1008")
        guard case .disconnected(.protocolViolation, _)? = actions.events.first else {
            Issue.record("expected a violation, got \(actions.transcript)")
            return
        }
        #expect(session.frameReceived(.accepted(callA, 1)).isEmpty, "late frames are dropped")
    }

    @Test("stopping acknowledges, closes, and is final")
    mutating func stops() {
        session.connect()
        session.welcome()
        _ = session.frameReceived(.deliver(callA, 1))
        let actions = session.stopped().transcript
        #expect(actions.first == "→ ack a≤1")
        #expect(actions.suffix(2) == ["disconnect 1001", "! ended stopped"])
        #expect(session.stopped().isEmpty)
        #expect(session.started().isEmpty)
        #expect(throws: SendRefusal.sessionEnded(.stopped)) { try session.messageQueued(.info("x"), in: callA) }
    }

    @Test("a storage that fails ends the session: nothing could be promised")
    mutating func storageFails() {
        session.connect()
        session.welcome()
        #expect(session.storageFailed().transcript.suffix(2) == ["disconnect 1001", "! ended storageFailed"])
    }

    @Test("frames of kinds that this version does not know are ignored")
    mutating func ignoresUnknownKinds() {
        session.connect()
        session.welcome()
        #expect(session.frameReceived(WireServerFrame()).isEmpty)
        #expect(session.isReady)
    }
}

extension [SessionAction] {
    /// Milliseconds until the next attempt.
    var reconnectWait: Int? {
        for case .schedule(.reconnect, let wait) in self { return wait.inMilliseconds }
        return nil
    }
}
