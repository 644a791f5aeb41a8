import NIOCore
import SwitchboardProtocol
import Testing

@testable import SwitchboardTransport

@Suite("Parts of peer links (pure)")
struct PeerPartsTests {
    private func time(_ milliseconds: Int64) -> NIODeadline {
        .uptimeNanoseconds(1_000_000_000_000) + .milliseconds(milliseconds)
    }

    private func makePulse() -> LinkPulse {
        LinkPulse(interval: .seconds(1), silence: .seconds(3), now: time(0))
    }

    @Test("Keepalives go out when nothing else did")
    func keepalives() {
        var pulse = makePulse()
        #expect(pulse.tick(now: time(500)) == .nothing)
        pulse.sent(now: time(700))
        #expect(pulse.tick(now: time(1000)) == .nothing)
        #expect(pulse.tick(now: time(1500)) == .nothing)
        #expect(pulse.tick(now: time(1700)) == .sendKeepalive)
    }

    @Test("Three seconds without a word are the end")
    func silence() {
        var pulse = makePulse()
        for step in 1...5 { #expect(pulse.tick(now: time(Int64(step) * 500)) != .dead) }
        pulse.received(now: time(2900))
        for step in 6...11 { #expect(pulse.tick(now: time(Int64(step) * 500)) != .dead) }
        #expect(pulse.tick(now: time(5900)) == .dead)
    }

    @Test("A process that was stopped itself does not take its own absence for its peer's silence")
    func stopped() {
        var pulse = makePulse()
        #expect(pulse.tick(now: time(500)) == .nothing)
        #expect(pulse.tick(now: time(60_000)) != .dead)
        // But then the peer has to speak.
        var at: Int64 = 60_000
        var last = LinkPulse.Action.nothing
        while last != .dead, at < 70_000 {
            at += 500
            last = pulse.tick(now: time(at))
        }
        #expect(last == .dead)
        #expect(at <= 63_000)
    }

    @Test("Backoff grows to its bound, with jitter, and starts anew after success")
    func backoff() {
        var backoff = Backoff(first: .milliseconds(50), most: .seconds(1))
        let full = (0..<7).map { _ in backoff.failed(jitter: 1) }
        #expect(full == [50, 100, 200, 400, 800, 1000, 1000].map { .milliseconds($0) })
        #expect(backoff.failed(jitter: 0) == .milliseconds(500))
        backoff.succeeded()
        #expect(backoff.failed(jitter: 0) == .milliseconds(25))
    }

    @Test("Of two fresh connections both ends keep the one that the smaller incarnation dialled")
    func arbitration() {
        let (a, b) = (Incarnation(trusted: "a"), Incarnation(trusted: "b"))
        let (atA, atB) = (LinkArbitration(own: a), LinkArbitration(own: b))
        let fresh = Duration.milliseconds(5)
        // a dialled the first, b the second: it must not replace the first, at either end.
        #expect(!atA.replaces(existing: (.us, fresh), new: .them, peer: b))
        #expect(!atB.replaces(existing: (.them, fresh), new: .us, peer: a))
        // In the other order it must, at either end.
        #expect(atA.replaces(existing: (.them, fresh), new: .us, peer: b))
        #expect(atB.replaces(existing: (.us, fresh), new: .them, peer: a))
        // The same side dialled again, or long after: the other end has lost the first.
        #expect(atA.replaces(existing: (.us, fresh), new: .us, peer: b))
        #expect(atA.replaces(existing: (.us, .seconds(2)), new: .them, peer: b))
        #expect(!atA.admits(callFrom: b, whileDialling: true))
        #expect(atB.admits(callFrom: a, whileDialling: true))
        #expect(atA.admits(callFrom: b, whileDialling: false))
    }

    @Test("Facts are never dropped, also inside a relay")
    func droppable() {
        var relay = PeerPeerFrame()
        relay.relay.frame.push.conversation = "c"
        #expect(relay.isDroppable)
        relay.relay.frame.detach.conversation = "c"
        #expect(!relay.isDroppable)
        var frame = PeerPeerFrame()
        frame.attached.complete = true
        #expect(frame.isDroppable)
        frame.leading.epoch = 1
        #expect(!frame.isDroppable)
    }
}
