import ClientTestSupport
import SwitchboardProtocol
import SwitchboardTestKit
import Testing

@testable import SwitchboardClient

@Suite("Calls that move: to another device, to another network, to another life of the application")
struct SimulatedHandoverTests {
    typealias Scene = SimulatedCallTests.Scene

    @Test("the callee's other device takes the call over, and the first one takes it back", arguments: 1...10)
    func calleeTakesOver(seed: UInt64) throws {
        let scene = try Scene(seed: seed)
        defer { scene.world.stop() }
        let (alice, bob, tablet, world) = (scene.alice, scene.bob, scene.tablet, scene.world)
        let calls = try scene.talking()
        let code = alice.code(calls.alice)
        try #require(world.wait { tablet.book.elsewhere.count == 1 })
        let id = try #require(tablet.book.elsewhere.first?.id)
        alice.announce(calls.alice, MediaState(videoMuted: true))

        let taken = try tablet.takeOver(id, .audio)
        try #require(world.wait { tablet.state(taken) == .active && bob.end(calls.bob) == "replaced" })
        try #require(world.wait { tablet.code(taken) != nil && alice.code(calls.alice) == tablet.code(taken) })
        scene.expectMedia(alice, calls.alice, tablet, taken)
        #expect(alice.code(calls.alice) != code, "a new session runs the exchange again")
        #expect(tablet.book.elsewhere.isEmpty)
        #expect(alice.events[calls.alice]?.contains(.peerHandover(.completed, device: "tablet")) == true)
        #expect(world.wait { tablet.machine(taken)?.remoteMedia.videoMuted == true }, "the new device is told")

        // Nobody tells the first one where the call is; it knows its id.
        try #require(world.wait { bob.client.isOutboxEmpty })
        bob.client.breakSocket(nodeNotices: .milliseconds(10))
        try #require(world.wait { bob.book.elsewhere.first?.device == "tablet" })
        let back = try bob.takeOver(id)
        try #require(world.wait { bob.state(back) == .active && tablet.end(taken) == "replaced" })
        try #require(world.wait { bob.code(back) != nil && alice.code(calls.alice) == bob.code(back) })
        scene.expectMedia(alice, calls.alice, bob, back)
        alice.hangUp(calls.alice)
        #expect(world.wait { bob.end(back) == "hangup" })
    }

    @Test("the caller's other device takes the call over")
    func callerTakesOver() throws {
        let scene = try Scene()
        defer { scene.world.stop() }
        let calls = try scene.talking()
        let desktop = scene.world.add("alice", "desktop")
        try #require(scene.world.wait { desktop.book.elsewhere.count == 1 })
        let elsewhere = try #require(desktop.book.elsewhere.first)
        #expect(elsewhere.role == .caller && elsewhere.peer == "bob" && elsewhere.device == "phone")
        let taken = try desktop.takeOver(elsewhere.id)
        try #require(scene.world.wait { desktop.state(taken) == .active && scene.alice.end(calls.alice) == "replaced" })
        try #require(
            scene.world.wait { desktop.code(taken) != nil && desktop.code(taken) == scene.bob.code(calls.bob) })
        scene.expectMedia(desktop, taken, scene.bob, calls.bob)
        scene.bob.hangUp(calls.bob)
        #expect(scene.world.wait { desktop.end(taken) == "hangup" })
    }

    @Test("a handover without media comes to nothing, and the call goes on where it is")
    func handoverFails() throws {
        let scene = try Scene()
        defer { scene.world.stop() }
        let calls = try scene.talking()
        try #require(scene.world.wait { scene.tablet.book.elsewhere.count == 1 })
        let id = try #require(scene.tablet.book.elsewhere.first?.id)
        let taken = try scene.tablet.takeOver(id)
        scene.world.closePeers(of: scene.tablet)
        try #require(scene.world.wait(.seconds(60)) { scene.tablet.end(taken) == "connect_failed" })
        try #require(
            scene.world.wait {
                scene.alice.events[calls.alice]?.contains(.peerHandover(.failed, device: "tablet")) == true
            })
        scene.expectMedia(scene.alice, calls.alice, scene.bob, calls.bob)
        #expect(scene.tablet.book.elsewhere.count == 1, "it is there still")

        let again = try scene.tablet.takeOver(id)
        scene.tablet.hangUp(again)
        #expect(scene.tablet.end(again) == "cancelled")
        scene.world.pass(.seconds(2))
        scene.expectMedia(scene.alice, calls.alice, scene.bob, calls.bob)
        #expect(throws: CallError.notElsewhere) { try scene.tablet.takeOver(ConversationID(high: 1, low: 2)) }
    }

    @Test("lost media come back by an ICE restart", arguments: 1...10)
    func restartsICE(seed: UInt64) throws {
        let scene = try Scene(seed: seed)
        defer { scene.world.stop() }
        let calls = try scene.talking()
        let code = scene.alice.code(calls.alice)
        scene.world.breakPaths()
        try #require(
            scene.world.wait {
                scene.alice.state(calls.alice) == .reconnecting && scene.bob.state(calls.bob) == .reconnecting
            })
        try #require(
            scene.world.wait { scene.alice.state(calls.alice) == .active && scene.bob.state(calls.bob) == .active })
        scene.expectMedia(scene.alice, calls.alice, scene.bob, calls.bob)
        #expect(scene.alice.code(calls.alice) == code, "the certificates are the same")
        #expect(scene.bob.events[calls.bob]?.contains(.peerReconnecting(true)) == true)
        #expect(scene.world.wait { scene.bob.machine(calls.bob)?.isPeerReconnecting == false })
    }

    @Test("both negotiate at once: one gives way, and nobody is left behind", arguments: 1...20)
    func negotiatesTogether(seed: UInt64) throws {
        let scene = try Scene(seed: seed)
        defer { scene.world.stop() }
        let mine = scene.alice.call("bob", .audio)
        try #require(scene.world.wait { !scene.bob.incoming.isEmpty })
        let theirs = try #require(scene.bob.incoming.first)
        try scene.bob.accept(theirs, .audio)
        try #require(scene.world.wait { scene.alice.state(mine) == .active && scene.bob.state(theirs) == .active })
        try scene.alice.sendMedia(mine, .audioVideo)
        scene.alice.networkChanged()
        try scene.bob.sendMedia(theirs, .audioVideo)
        scene.bob.networkChanged()
        scene.world.pass(.seconds(5))
        scene.world.breakPaths()
        try #require(
            scene.world.wait {
                scene.alice.state(mine) == .active && scene.bob.state(theirs) == .active && scene.alice.hasMedia(mine)
            })
        scene.expectMedia(scene.alice, mine, scene.bob, theirs)
    }

    @Test("media that do not come back end the call")
    func givesUp() throws {
        let scene = try Scene()
        defer { scene.world.stop() }
        let calls = try scene.talking()
        scene.world.setDown(true)
        try #require(scene.world.wait { scene.alice.state(calls.alice) == .reconnecting })
        scene.world.pass(.seconds(25))
        #expect(scene.alice.state(calls.alice) == .reconnecting)
        try #require(scene.world.wait { scene.alice.end(calls.alice) != nil && scene.bob.end(calls.bob) != nil })
        #expect(scene.alice.end(calls.alice) == "media_lost" && scene.bob.end(calls.bob) == "media_lost")
    }

    @Test("another network while it rings: the offer is made again, and answered again")
    func networkChangesWhileRinging() throws {
        let scene = try Scene()
        defer { scene.world.stop() }
        let mine = scene.alice.call("bob")
        try #require(scene.world.wait { !scene.bob.incoming.isEmpty })
        scene.world.pass(.seconds(1))
        scene.alice.networkChanged()
        scene.world.pass(.seconds(5))
        let theirs = try #require(scene.bob.incoming.first)
        try scene.bob.accept(theirs)
        try #require(scene.world.wait { scene.alice.state(mine) == .active && scene.bob.state(theirs) == .active })
        try #require(scene.world.wait { scene.alice.code(mine) != nil && scene.bob.code(theirs) != nil })
        scene.expectMedia(scene.alice, mine, scene.bob, theirs)
    }

    @Test("an application that is started anew goes on with its call", arguments: [true, false], 1...5)
    func resumes(isCaller: Bool, seed: UInt64) throws {
        let scene = try Scene(seed: seed)
        defer { scene.world.stop() }
        let calls = try scene.talking()
        let (phone, other) = isCaller ? (scene.alice, scene.bob) : (scene.bob, scene.alice)
        let remaining = isCaller ? calls.bob : calls.alice
        phone.restart()
        try #require(scene.world.wait { phone.news.contains { if case .resumed = $0 { true } else { false } } })
        let resumed = try #require(phone.book.live.first)
        try #require(scene.world.wait { phone.state(resumed) == .active && other.hasMedia(remaining) })
        try #require(
            scene.world.wait { phone.code(resumed) != nil && phone.code(resumed) == other.code(remaining) })
        scene.expectMedia(phone, resumed, other, remaining)
        #expect(phone.machine(resumed)?.role == (isCaller ? .caller : .callee))
        #expect(phone.machine(resumed)?.peer == (isCaller ? "bob" : "alice"))
        other.hangUp(remaining)
        #expect(scene.world.wait { phone.end(resumed) == "hangup" })
    }

    @Test("or ends it, if the application wants that")
    func endsAfterRestart() throws {
        var options = CallOptions()
        options.resumesCalls = false
        let scene = try Scene(options: options)
        defer { scene.world.stop() }
        let calls = try scene.talking()
        scene.bob.restart()
        #expect(scene.world.wait { scene.alice.end(calls.alice) == "media_lost" })

        let mine = scene.alice.call("bob")
        try #require(scene.world.wait { scene.alice.state(mine) == .ringing })
        scene.alice.restart()
        #expect(scene.world.wait { scene.bob.incoming.last.flatMap { scene.bob.end($0) } == "cancelled" })
    }

    @Test("started anew while it rings: it rings again, and is picked up", arguments: 1...5)
    func ringsAgain(seed: UInt64) throws {
        let scene = try Scene(seed: seed)
        defer { scene.world.stop() }
        let mine = scene.alice.call("bob")
        try #require(scene.world.wait { scene.bob.incoming.count == 1 })
        scene.world.pass(.seconds(1))
        scene.bob.restart()
        try #require(scene.world.wait { scene.bob.incoming.count == 2 })
        let again = try #require(scene.bob.incoming.last)
        try scene.bob.accept(again)
        try #require(scene.world.wait { scene.alice.state(mine) == .active && scene.bob.state(again) == .active })
        try #require(scene.world.wait { scene.alice.code(mine) != nil && scene.bob.code(again) != nil })
        scene.expectMedia(scene.alice, mine, scene.bob, again)
    }

    @Test("a caller that is started anew while it rings goes on ringing", arguments: 1...5)
    func callerRingsOn(seed: UInt64) throws {
        let scene = try Scene(seed: seed)
        defer { scene.world.stop() }
        scene.alice.call("bob")
        try #require(scene.world.wait { scene.bob.incoming.count == 1 })
        scene.world.pass(.seconds(1))
        scene.alice.restart()
        try #require(scene.world.wait { scene.alice.book.live.count == 1 })
        let mine = try #require(scene.alice.book.live.first)
        scene.world.pass(.seconds(2))
        let theirs = try #require(scene.bob.incoming.first)
        #expect(scene.bob.state(theirs) == .ringing)
        try scene.bob.accept(theirs)
        try #require(scene.world.wait { scene.alice.state(mine) == .active && scene.bob.state(theirs) == .active })
        try #require(scene.world.wait { scene.alice.code(mine) != nil && scene.bob.code(theirs) != nil })
        scene.expectMedia(scene.alice, mine, scene.bob, theirs)
    }

    @Test("a call that never left before the application ended does not ring when it starts again")
    func neverLeft() throws {
        let scene = try Scene()
        defer { scene.world.stop() }
        scene.alice.client.setOnline(false)
        scene.alice.call("bob")
        scene.alice.restart()
        scene.world.pass(.seconds(2))
        scene.alice.client.setOnline(true)
        try #require(scene.world.wait { scene.alice.client.isReady && scene.alice.client.isOutboxEmpty })
        scene.world.pass(.seconds(3))
        #expect(scene.bob.incoming.isEmpty && scene.tablet.incoming.isEmpty)
    }

    @Test("a push: the call is told if it stands, and that it is over if not")
    func pushes() throws {
        let scene = try Scene()
        defer { scene.world.stop() }
        let stranger = ConversationID(high: 7, low: 7)
        scene.bob.pushReceived(stranger)
        try #require(scene.world.wait { scene.bob.settled[stranger] != nil })
        #expect(scene.bob.settled[stranger] == .some(nil))

        scene.tablet.client.setOnline(false)
        scene.world.pass(.seconds(5))
        let mine = scene.alice.call("bob")
        try #require(scene.world.wait { scene.alice.state(mine) == .ringing })
        let id = try #require(scene.alice.machine(mine)?.id)
        scene.tablet.pushReceived(id)
        scene.tablet.client.setOnline(true)
        try #require(scene.world.wait { scene.tablet.settled[id] != nil })
        let handle = try #require(scene.tablet.settled[id] ?? nil)
        #expect(scene.tablet.incoming == [handle])

        scene.tablet.client.setOnline(false)
        scene.world.pass(.seconds(5))
        scene.alice.hangUp(mine)
        scene.world.pass(.seconds(1))
        let second = scene.alice.call("bob")
        try #require(scene.world.wait { scene.alice.state(second) == .ringing })
        let other = try #require(scene.alice.machine(second)?.id)
        scene.alice.hangUp(second)
        scene.world.pass(.seconds(1))
        scene.tablet.pushReceived(other)
        scene.tablet.client.setOnline(true)
        try #require(scene.world.wait { scene.tablet.settled[other] != nil })
        #expect(scene.tablet.settled[other] == .some(nil))
        #expect(scene.tablet.incoming == [handle])
    }
}
