import ClientTestSupport
import SwitchboardProtocol
import Testing

@testable import SwitchboardClient

@Suite("Session: deliveries")
struct SessionMachineReceivingTests {
    private var session = SessionMachine.forTest()

    private mutating func becomeReady() {
        session.connect()
        session.welcome()
    }

    @Test("deliveries reach the application once, and are acknowledged together a little later")
    mutating func acknowledgesTogether() {
        becomeReady()
        #expect(session.frameReceived(.deliver(callA, 1)).transcript == ["! delivered a1", "in 50 ms: acknowledge"])
        #expect(session.frameReceived(.deliver(callA, 2)).transcript == ["! delivered a2"])
        #expect(session.frameReceived(.deliver(callB, 1)).transcript == ["! delivered b1"])
        #expect(session.timerFired(.acknowledge).transcript == ["→ ack a≤2", "→ ack b≤1"])
        #expect(session.timerFired(.acknowledge).isEmpty)
    }

    @Test("sixteen deliveries are acknowledged without waiting")
    mutating func acknowledgesBatches() {
        becomeReady()
        var frames: [String] = []
        for number in UInt32(1)...33 {
            frames += session.frameReceived(.deliver(callA, number)).frames.map(\.line)
        }
        #expect(frames == ["ack a≤16", "ack a≤32"])
        #expect(session.timerFired(.acknowledge).transcript == ["→ ack a≤33"])
    }

    @Test("duplicates are dropped, and acknowledged again")
    mutating func duplicates() {
        becomeReady()
        for number in UInt32(1)...3 { _ = session.frameReceived(.deliver(callA, number)) }
        _ = session.timerFired(.acknowledge)
        #expect(session.frameReceived(.deliver(callA, 2)).transcript == ["in 50 ms: acknowledge"])
        #expect(session.timerFired(.acknowledge).transcript == ["→ ack a≤3"])
    }

    @Test("a new connection names how far deliveries have come, and goes on from there")
    mutating func resumes() {
        becomeReady()
        for number in UInt32(1)...3 { _ = session.frameReceived(.deliver(callA, number)) }
        #expect(session.reconnect().transcript[0] == "→ hello phone connection 2 outbox box a≤3")
        session.welcome()
        #expect(session.frameReceived(.deliver(callA, 3)).transcript == ["in 50 ms: acknowledge"])
        #expect(session.frameReceived(.deliver(callA, 4)).transcript == ["! delivered a4"])
    }

    @Test("a missing delivery costs the connection; the next one asks for it")
    mutating func missing() {
        becomeReady()
        _ = session.frameReceived(.deliver(callA, 1))
        let events = session.frameReceived(.deliver(callA, 3)).events
        #expect(events == [.disconnected(.protocolViolation("a delivery is missing"), retryAfter: .zero)])
        _ = session.timerFired(.reconnect)
        #expect(session.socketOpened(token: "").transcript[0] == "→ hello phone connection 2 outbox box a≤1")
    }

    @Test("a snapshot says where deliveries go on")
    mutating func snapshots() {
        becomeReady()
        #expect(session.frameReceived(.snapshot(callA, next: 5)).transcript == ["! snapshot a ringing"])
        #expect(session.frameReceived(.deliver(callA, 5)).events.count == 1)
        #expect(session.reconnect().transcript[0] == "→ hello phone connection 2 outbox box a≤5")
    }

    @Test("an ended conversation is not named again, but its late duplicates are recognised")
    mutating func ends() throws {
        becomeReady()
        _ = try session.queue("hangup")
        #expect(
            session.frameReceived(.deliver(callA, 1, .ended("hangup"))).transcript == [
                "! delivered a1", "in 50 ms: acknowledge",
            ])
        #expect(session.reconnect().transcript[0] == "→ hello phone connection 2 outbox box a≤1", "its send waits yet")
        session.welcome()
        #expect(
            session.frameReceived(.accepted(callA, 1)).transcript == [
                "store a≤1", "! accepted a≤1", "store a forgotten",
            ])
        #expect(session.reconnect().transcript[0] == "→ hello phone connection 3 outbox box")
        session.welcome()
        #expect(session.frameReceived(.deliver(callA, 1, .ended("hangup"))).events.isEmpty)
        #expect(session.timerFired(.acknowledge).transcript == ["→ ack a≤1"])
    }

    @Test("the memory of ended conversations is bounded, and spares those with something to send")
    mutating func forgetsEnded() throws {
        session = .forTest { $0.maximumEndedConversations = 4 }
        becomeReady()
        _ = try session.queue("waits")
        for low in UInt64(0xa)..<0x1a {
            let id = ConversationID(high: 0, low: low)
            _ = session.frameReceived(.deliver(id, 1, .ended("hangup")))
        }
        #expect(session.conversations.count == 4)
        #expect(session.conversations[callA] != nil)
        // Acknowledgements that were due when a conversation was forgotten went out first.
        #expect(session.timerFired(.acknowledge).frames.count == 4)
    }

    @Test("a conversation learnt from a push is named in the next hello")
    mutating func learns() {
        session.conversationLearned(callB)
        _ = session.started()
        #expect(session.socketOpened(token: "").transcript[0] == "→ hello phone connection 1 outbox box b≤0")
    }

    @Test("hello names no more conversations than the server takes; those with something to send come first")
    mutating func boundsCursors() throws {
        session = .forTest { $0.limits.conversations = 2 }
        becomeReady()
        for body in ["accepted", "waits"] { _ = try session.queue(body) }
        _ = session.frameReceived(.accepted(callA, 1))
        for low in UInt64(0xb)...0xd { _ = session.frameReceived(.deliver(ConversationID(high: 0, low: low), 1)) }
        #expect(session.reconnect().transcript[0] == "→ hello phone connection 2 outbox box a≤0 d≤1")
    }
}
