import SwiftProtobuf
import SwitchboardProtocol
import Testing

@testable import SwitchboardClient

@Suite("Call machine: calling")
struct OutgoingCallTests {
    private var desk = CallDesk()

    @Test("invite first; the offer is the library's text, sent before it is set; then media")
    mutating func places() {
        let call = desk.place()
        let id = desk.id(call)
        #expect(desk.take() == ["→ invite bob av", "! 1 connection", "1: open for av"])
        desk.answer(id)
        #expect(desk.take() == ["1: offer"])
        desk.answer(id, 1, .description("mine"))
        #expect(desk.take() == ["→ offer mine 1.1", "1: local offer mine"])
        desk.answer(id)
        #expect(desk.take() == ["1: send av"])
        desk.answer(id)
        #expect(desk.take() == [])
        desk.tell(.accepted(id, through: 2))
        desk.tell(.accepted(id, through: 3))
        #expect(desk.take() == ["! 1 placed"])
        desk.deliver(id) { $0.ringing = WireRinging() }
        desk.deliver(id) { $0.ringing = WireRinging() }
        #expect(desk.take() == ["! 1 ringing"])
    }

    @Test("candidates gather for a moment, and the last one does not wait")
    mutating func batches() {
        let call = desk.place()
        let id = desk.id(call)
        desk.answer(id)
        desk.answer(id, 1, .description("mine"))
        _ = desk.take()
        desk.happens(id, 1, .candidate(IceCandidate(candidate: "x")))
        desk.happens(id, 1, .candidate(IceCandidate(candidate: "y")))
        #expect(desk.take() == ["in 10 ms: flush 1"])
        desk.fire(.peer(PeerID(call: id, session: 1), .flush))
        #expect(desk.take() == ["→ candidates 1.1 x y"])
        desk.happens(id, 1, .candidate(IceCandidate(candidate: "z")))
        desk.happens(id, 1, .gatheringComplete)
        #expect(desk.take() == ["in 10 ms: flush 1", "→ candidates 1.1 z -"])
        desk.fire(.peer(PeerID(call: id, session: 1), .flush))
        #expect(desk.take() == [])
        for number in 0..<32 { desk.happens(id, 1, .candidate(IceCandidate(candidate: "\(number)"))) }
        #expect(desk.take().count == 2, "a full batch does not wait either")
    }

    @Test("picked up: the answer and the candidates of the selected device are applied in their order")
    mutating func pickedUp() {
        let call = desk.place()
        let id = desk.id(call)
        desk.answer(id)
        desk.answer(id, 1, .description("mine"))
        for _ in 1...2 { desk.answer(id) }
        _ = desk.take()
        desk.select(id)
        desk.peerAnswers(id, sdp: "theirs")
        desk.deliver(id, "theirs") {
            $0.candidates.session = 1
            $0.candidates.candidates = [.with { $0.candidate = "x" }, WireCandidate()]
        }
        #expect(desk.take() == ["! 1 connecting", "in 3000 ms: negotiable 1", "1: remote answer theirs"])
        desk.answer(id)
        #expect(desk.take() == ["1: add x -"])
        desk.answer(id)
        desk.happens(id, 1, .connected)
        #expect(
            desk.take() == [
                "never: restart", "never: give up", "! 1 active", "→ connected 1", "1: digests",
            ])
        // Late answers are dropped.
        desk.peerAnswers(id, revision: 1)
        desk.peerAnswers(id, session: 9)
        #expect(desk.take() == [])
    }

    @Test(
        "what the user does to end it says how far it got",
        arguments: [("inviting", "cancel", "cancelled"), ("picked up", "hangup hangup", "hangup")])
    func hangsUp(stage: String, message: String, reason: String) throws {
        var desk = CallDesk()
        let call = stage == "inviting" ? desk.place() : desk.talking()
        _ = desk.take()
        try desk.does { $0.hangUp(call) }
        #expect(
            desk.take() == [
                "→ \(message)", "never: restart", "never: give up", "1: close", "! 1 ended \(reason)",
            ])
        // Nothing that comes late changes anything.
        let id = desk.id(call)
        desk.end(id, "hangup")
        desk.select(id)
        desk.peerAnswers(id)
        desk.happens(id, 1, .connected)
        try desk.does { $0.hangUp(call) }
        #expect(desk.take() == [])
        #expect(desk.live.isEmpty)
    }

    @Test("the server's end is the end, with its detail; unknown reasons are kept")
    mutating func ended() {
        let call = desk.place()
        _ = desk.take()
        desk.deliver(desk.id(call)) { ($0.ended.reason, $0.ended.detail) = ("cancelled", "caller_lost") }
        #expect(desk.take().last == "! 1 ended cancelled caller_lost")
        let other = desk.place()
        desk.end(desk.id(other), "of_a_later_version")
        #expect(desk.state(other) == .ended(CallEnd("of_a_later_version")))
        #expect(CallEnd("of_a_later_version").known == nil && !CallEnd("of_a_later_version").isMissed)
        #expect(CallEnd("no_answer").isMissed && !CallEnd("answered_elsewhere").isMissed)
    }

    @Test(
        "what the server refuses for good",
        arguments: [
            ("invite", "server_error"), ("description", "media_error"), ("info", nil), ("candidates", nil),
        ] as [(String, String?)])
    func refused(kind: String, reason: String?) throws {
        var desk = CallDesk()
        let call = desk.place()
        _ = desk.take()
        let message = WireMessage.with {
            switch kind {
            case "invite": $0.invite.callee = "bob"
            case "description": $0.description_p.type = "offer"
            case "info": $0.info.body = "x"
            default: $0.candidates.session = 1
            }
        }
        let error = ServerError(.with { ($0.name, $0.permanent) = ("invalid_message", true) })
        desk.tell(.refused(desk.id(call), number: 1, error, message))
        if let reason {
            #expect(desk.take().last == "! 1 ended \(reason)")
        } else {
            #expect(desk.take() == ["! 1 problem invalid_message"])
        }
    }

    @Test("a session that is over ends what nobody has picked up, and nothing else")
    mutating func sessionEnds() {
        let talking = desk.talking()
        let calling = desk.place()
        _ = desk.take()
        desk.tell(.ended(.superseded))
        #expect(desk.state(talking) == .active)
        #expect(desk.state(calling) == .ended(CallEnd(.signalLost)))
        desk.tell(.dropped(desk.id(talking), unaccepted: [], ServerError(.with { $0.name = "not_found" })))
        #expect(desk.state(talking) == .ended(CallEnd(.serverError)))
    }

    @Test("a library that cannot make a connection ends a call that has no media, and says why")
    mutating func libraryFails() {
        let call = desk.place()
        _ = desk.take()
        desk.answer(desk.id(call), 1, .failed("no camera, no network"))
        #expect(desk.take().prefix(2) == ["! 1 problem no camera, no network", "→ cancel"])
        #expect(desk.state(call) == .ended(CallEnd(.cancelled)))
        let other = desk.talking()
        desk.happens(desk.id(other), 1, .negotiationNeeded)
        desk.answer(desk.id(other), 1, .failed("what was that?"))
        // Another connection is offered, and the media flow over the old one meanwhile.
        let lines = desk.take()
        #expect(lines.contains("! 2 problem what was that?") && lines.contains("2: open for av"))
        #expect(!lines.contains("1: close"))
        #expect(desk.state(other) == .active)
    }

    @Test("a camera that cannot be opened is a problem and no more")
    mutating func cameraFails() {
        let call = desk.place()
        let id = desk.id(call)
        desk.answer(id)
        desk.answer(id, 1, .description("mine"))
        desk.answer(id)
        _ = desk.take()
        desk.answer(id, 1, .failed("no camera"))
        #expect(desk.take() == ["! 1 problem no camera"])
        #expect(desk.state(call) == .inviting)
    }

    @Test("called without a connection: once there are ICE servers, the offer is made again with them")
    mutating func withoutServers() {
        let call = desk.place()
        let id = desk.id(call)
        desk.answer(id)
        desk.answer(id, 1, .description("mine"))
        for _ in 1...2 { desk.answer(id) }
        _ = desk.take()
        desk.tell(.welcomed(.with { $0.iceServers = [.with { $0.urls = ["stun:s"] }] }))
        #expect(desk.take() == ["1: servers stun:s", "in 5000 ms: ice servers age"])
        desk.answer(id)
        #expect(desk.take() == ["1: restart"])
        desk.answer(id, 1, .description("again"))
        #expect(desk.take() == ["→ offer again 1.2", "1: local offer again"])
        // The answer to the first one is late.
        desk.answer(id)
        desk.peerAnswers(id, revision: 1)
        #expect(desk.take() == [])
        desk.peerAnswers(id, revision: 2, sdp: "theirs")
        #expect(desk.take() == ["1: remote answer theirs"])
    }

    @Test("lost media: the caller restarts soon, with fresh servers or after two seconds without")
    mutating func restarts() {
        let call = desk.talking()
        let id = desk.id(call)
        desk.happens(id, 1, .disconnected)
        #expect(
            desk.take() == [
                "in 1500 ms: restart", "in 30000 ms: give up", "! 1 reconnecting", "→ reconnecting",
            ])
        desk.fire(.restart(call))
        #expect(desk.take() == ["in 8000 ms: restart", "→ ice servers", "in 2000 ms: ice servers due"])
        desk.fire(.iceServersDue)
        #expect(desk.take() == ["never: ice servers due", "1: restart"])
        desk.answer(id, 1, .description("again"))
        #expect(desk.take() == ["→ offer again 1.2", "1: local offer again"])
        desk.happens(id, 1, .connected)
        #expect(
            desk.take() == ["never: restart", "never: give up", "! 1 active", "→ connected 1"])
        desk.happens(id, 1, .failed)
        #expect(desk.take().first == "in 0 ms: restart", "the library has given up: no patience")
        desk.fire(.giveUp(call))
        #expect(desk.take().first == "→ hangup media_lost")
    }

    @Test("servers that have just come are fresh")
    mutating func freshServers() throws {
        let call = desk.talking()
        desk.tell(.iceServers(.with { $0.iceServers = [.with { $0.urls = ["turn:t"] }] }))
        _ = desk.take()
        try desk.does { $0.restartICE(call) }
        desk.answer(desk.id(call))
        #expect(desk.take() == ["1: restart"])
    }

    @Test("what is switched off is told at pickup, and what the application says reaches the peer only then")
    mutating func announces() throws {
        let call = desk.place()
        let id = desk.id(call)
        _ = desk.take()
        try desk.does { $0.announce(call, MediaState(audioMuted: true)) }
        #expect(desk.take() == [])
        #expect(throws: CallError.wrongState) {
            try desk.does { book throws(CallError) in try book.sendInfo(call, type: "t", body: "x") }
        }
        desk.select(id)
        #expect(desk.take() == ["! 1 connecting", "in 3000 ms: negotiable 1", "→ media muted"])
        try desk.does { book throws(CallError) in try book.sendInfo(call, type: "t", body: "x") }
        #expect(desk.take() == ["→ info x"])
        desk.deliver(id) { $0.mediaState.audioMuted = true }
        desk.deliver(id) { $0.mediaState.audioMuted = true }
        desk.deliver(id) { $0.info.body = "y" }
        desk.deliver(id) { $0.reconnecting = WireReconnecting() }
        desk.deliver(id) { $0.connected.session = 1 }
        #expect(desk.take() == ["! 1 remote muted", "! 1 info y", "! 1 peer reconnecting", "! 1 peer back"])
    }
}
