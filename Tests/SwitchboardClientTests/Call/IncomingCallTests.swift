import SwiftProtobuf
import SwitchboardProtocol
import Testing

@testable import SwitchboardClient

@Suite("Call machine: being called")
struct IncomingCallTests {
    private var desk = CallDesk()

    @Test("it rings, and the answer is prepared without media; pickup sends accept at once")
    mutating func prepares() throws {
        desk.invite()
        #expect(desk.take() == ["→ ringing", "! incoming 1"])
        desk.offer()
        #expect(desk.take() == ["! 1 connection", "1: open"])
        desk.answer(callA)
        #expect(desk.take() == ["1: remote offer offer"])
        desk.answer(callA)
        #expect(desk.take() == ["1: answer"])
        desk.answer(callA, 1, .description("mine"))
        #expect(desk.take() == ["→ answer mine 1.1", "1: local answer mine"])
        desk.answer(callA)
        desk.happens(callA, 1, .candidate(IceCandidate(candidate: "x")))
        desk.fire(.peer(PeerID(call: callA, session: 1), .flush))
        #expect(desk.take() == ["in 10 ms: flush 1", "→ candidates 1.1 x"])
        let call = try #require(desk.live.first)
        try desk.does { book throws(CallError) in try book.accept(call, .audio) }
        #expect(desk.take() == ["→ accept a", "! 1 connecting", "1: send a"])
        #expect(throws: CallError.wrongState) {
            try desk.does { book throws(CallError) in try book.accept(call, .audio) }
        }
    }

    @Test("picked up before anything is prepared: what comes is answered as it comes")
    mutating func acceptsEarly() throws {
        desk.invite()
        _ = desk.take()
        let call = try #require(desk.live.first)
        try desk.does { book throws(CallError) in try book.accept(call, .audioVideo) }
        #expect(desk.take() == ["→ accept av", "! 1 connecting"])
        desk.select(callA)
        desk.offer(device: "theirs")
        #expect(desk.take() == ["! 1 connection", "1: open", "in 3000 ms: negotiable 1"])
        desk.answer(callA)
        desk.answer(callA)
        desk.answer(callA, 1, .description("mine"))
        desk.answer(callA)
        #expect(desk.take().last == "1: send av")
    }

    @Test(
        "the user's other choices",
        arguments: [("hangUp", "reject", "declined"), ("ignore", "ignore", "ignored"), ("busy", "busy", "busy")])
    func choices(choice: String, message: String, reason: String) throws {
        var desk = CallDesk()
        let call = desk.ringing()
        try desk.does { book throws(CallError) in
            switch choice {
            case "ignore": try book.ignore(call)
            case "busy": try book.busy(call)
            default: book.hangUp(call)
            }
        }
        #expect(
            desk.take() == [
                "→ \(message)", "never: restart", "never: give up", "1: close", "! 1 ended \(reason)",
            ])
        #expect(throws: CallError.wrongState) { try desk.does { book throws(CallError) in try book.ignore(call) } }
    }

    @Test("nothing rings before the session is in sync, nor what has ended by then")
    mutating func waitsForSync() {
        desk = CallDesk(isSynchronized: false)
        desk.invite(callA)
        desk.offer(callA)
        desk.invite(callB, from: "carol")
        desk.end(callB, "cancelled")
        #expect(!desk.take().contains { $0.hasPrefix("! incoming") || $0 == "→ ringing" })
        desk.tell(.synchronized(missing: []))
        #expect(desk.take() == ["→ ringing", "! incoming 1"])
        desk.tell(.disconnected(.silent, retryAfter: .zero))
        desk.invite(ConversationID(high: 0, low: 0xc), from: "dave")
        #expect(!desk.take().contains("! incoming 3"))
    }

    @Test("a revised offer is answered again; a newer session replaces the connection; an older one is late")
    mutating func revisions() {
        _ = desk.ringing()
        desk.offer(revision: 2, sdp: "second")
        #expect(desk.take() == ["1: remote offer second"])
        desk.answer(callA)
        desk.answer(callA, 1, .description("again"))
        #expect(desk.take() == ["1: answer", "→ answer again 1.2", "1: local answer again"])
        desk.answer(callA)
        desk.offer(session: 2, sdp: "anew")
        #expect(desk.take() == ["1: close", "! 1 connection", "2: open"])
        desk.offer(session: 1, revision: 3)
        desk.deliver(callA) { ($0.candidates.session, $0.candidates.candidates) = (1, [WireCandidate()]) }
        #expect(desk.take() == [])
    }

    @Test("candidates that come before any description wait for it; those of before a restart are dropped")
    mutating func candidates() throws {
        desk.invite()
        desk.offer(sdp: "a=ice-ufrag:one\r\n")
        desk.answer(callA)
        _ = desk.take()
        func candidate(_ text: String, _ user: String) -> (inout WireMessage) -> Void {
            {
                $0.candidates.session = 1
                $0.candidates.candidates = [.with { ($0.candidate, $0.usernameFragment) = (text, user) }]
            }
        }
        desk.deliver(callA, "theirs", candidate("x", "one"))
        #expect(desk.take() == [])
        desk.answer(callA)
        desk.answer(callA, 1, .description("mine"))
        desk.answer(callA)
        #expect(desk.take().last == "1: add x")
        desk.answer(callA)
        desk.offer(revision: 2, sdp: "a=ice-ufrag:two\r\n")
        desk.answer(callA)
        desk.answer(callA, 1, .description("again"))
        desk.answer(callA)
        _ = desk.take()
        desk.deliver(callA, "theirs", candidate("late", "one"))
        #expect(desk.take() == [])
        desk.deliver(callA, "theirs", candidate("y", "two"))
        #expect(desk.take() == ["1: add y"])
    }

    @Test("a snapshot says how this device's part stands", arguments: ["ended", "cancelled", "elsewhere", "active"])
    func snapshots(what: String) {
        var desk = CallDesk()
        let call = desk.ringing()
        desk.snapshot(callA) {
            $0.state = what == "ended" ? "ended" : what == "cancelled" ? "ringing" : "active"
            $0.role = "callee"
            switch what {
            case "ended": $0.reason = "no_answer"
            case "cancelled": ($0.leg, $0.reason) = ("cancelled", "answered_elsewhere")
            case "elsewhere": $0.activeDevice = "tablet"
            default: $0.leg = "selected"
            }
        }
        let expected: [String: CallState] = [
            "ended": .ended(CallEnd(.noAnswer)), "cancelled": .ended(CallEnd(.answeredElsewhere)),
            "elsewhere": .ended(CallEnd(.answeredElsewhere)), "active": .connecting,
        ]
        #expect(desk.state(call) == expected[what])
        #expect(desk.book.elsewhere.count == (what == "elsewhere" ? 1 : 0))
    }

    @Test("another call during one: it rings, or is told busy, as the application wants; but that of the peer rings")
    mutating func busy() {
        _ = desk.talking()
        desk.invite(callB, from: "carol")
        #expect(desk.take() == ["→ ringing", "! incoming 2"])

        var options = CallOptions()
        options.busyWhenInCall = true
        desk = CallDesk(options)
        _ = desk.talking()
        desk.invite(callB, from: "carol")
        #expect(desk.take().prefix(2) == ["! busy 2", "→ busy"])
        desk.invite(ConversationID(high: 0, low: 0xc), from: "bob")
        #expect(desk.take() == ["→ ringing", "! incoming 3"])
    }

    @Test("an offer of another session during the call: the old connection stays until the new one stands")
    mutating func succeeds() {
        let call = desk.talking()
        let id = desk.id(call)
        desk.offer(id, session: 2, device: "theirs", sdp: "anew")
        #expect(desk.take() == ["2: open", "in 3000 ms: negotiable 2"])
        for answer in [PeerAnswer.done, .done, .description("mine"), .done, .done] { desk.answer(id, 2, answer) }
        _ = desk.take()
        desk.happens(id, 2, .connected)
        #expect(
            desk.take() == [
                "→ connected 2", "! 1 connection", "1: close", "never: restart", "never: give up", "2: digests",
            ])
        #expect(desk.state(call) == .active)
    }

    @Test("a handover of the peer: the second connection takes over when the server has decided so")
    mutating func peerHandsOver() {
        let call = desk.talking()
        let id = desk.id(call)
        desk.deliver(id, "tablet") { $0.handover.device = "tablet" }
        desk.offer(id, session: 5, device: "tablet")
        #expect(desk.take() == ["! 1 peer handover started tablet", "5: open", "in 3000 ms: negotiable 5"])
        for answer in [PeerAnswer.done, .done, .description("mine"), .done, .done] { desk.answer(id, 5, answer) }
        _ = desk.take()
        desk.happens(id, 5, .connected)
        #expect(desk.take() == ["→ connected 5", "5: digests"], "not before the server says so")
        desk.select(id, session: 5)
        #expect(
            desk.take() == [
                "! 1 connection", "1: close", "never: restart", "never: give up", "! 1 peer handover completed tablet",
            ])

        desk.deliver(id, "laptop") { $0.handover.device = "laptop" }
        desk.offer(id, session: 6, device: "laptop")
        _ = desk.take()
        desk.deliver(id) { ($0.handover.device, $0.handover.cancelled) = ("laptop", true) }
        #expect(desk.take() == ["6: close", "! 1 peer handover failed laptop"])
        #expect(desk.state(call) == .active)
    }

    @Test("taking over: its session lies above all that can be known; a refused offer is made again with a higher one")
    mutating func takesOver() throws {
        desk.snapshot(callA) {
            ($0.state, $0.role, $0.caller, $0.callee) = ("active", "callee", "bob", "alice")
            ($0.activeDevice, $0.session, $0.nextNumber) = ("tablet", 3, 1)
        }
        #expect(desk.take() == ["! elsewhere"])
        let call = try desk.takeOver(callA, .audio)
        let lines = desk.take()
        #expect(lines.first == "→ handover a" && lines.last == "in 30000 ms: give up")
        #expect(lines.contains("20: open for a"))
        let error = ServerError(.with { ($0.name, $0.permanent) = ("wrong_state", true) })
        for session in [37, 54, 71] {
            desk.tell(.refused(callA, number: 2, error, .with { $0.description_p.type = "offer" }))
            #expect(desk.take().contains("\(session): open for a"))
        }
        desk.tell(.refused(callA, number: 2, error, .with { $0.description_p.type = "offer" }))
        #expect(desk.take() == ["! 1 problem wrong_state"])
        desk.end(callA, "connect_failed")
        #expect(desk.state(call) == .ended(CallEnd(.connectFailed)))
        #expect(desk.book.elsewhere.count == 1, "there it goes on")
        desk.deliver(callA) { $0.elsewhere.device = "tablet" }
        #expect(desk.book.elsewhere.isEmpty)
    }

    @Test("pushes: known calls at once, unknown ones after a while, and asked for without a connection")
    mutating func pushes() {
        _ = desk.ringing()
        #expect(desk.pushes(callA) == ["push a: 1"])
        #expect(desk.pushes(callB) == ["in 5000 ms: push b"])
        #expect(desk.pushes(callB) == [], "once")
        desk.fire(.push(callB))
        #expect(desk.take() == ["never: push b", "push b: over"])
        desk.tell(.disconnected(.silent, retryAfter: .zero))
        #expect(desk.pushes(callB) == ["ask for b"])
        desk.invite(callB, from: "carol")
        #expect(desk.take() == [])
        desk.tell(.synchronized(missing: []))
        #expect(desk.take() == ["never: push b", "push b: 2", "→ ringing", "! incoming 2"])
    }
}
