import ClientTestSupport
import SwitchboardProtocol
import SwitchboardTestKit
import Testing

@testable import SwitchboardClient

/// Whole calls between phones in a simulated cluster: the server's rules are the real ones.
@Suite("Calls over a simulated cluster")
struct SimulatedCallTests {
    /// Alice with one device, Bob with two.
    struct Scene {
        let world: SimulatedPhones
        let alice: SimulatedPhone
        let bob: SimulatedPhone
        let tablet: SimulatedPhone

        init(seed: UInt64 = 1, options: CallOptions = CallOptions()) throws {
            world = SimulatedPhones(seed: seed)
            alice = world.add("alice", "phone", on: ["a"], options: options)
            bob = world.add("bob", "phone", on: ["b"], options: options)
            tablet = world.add("bob", "tablet", on: ["c"], options: options)
            let (alice, bob, tablet) = (alice, bob, tablet)
            try #require(world.wait { [alice, bob, tablet].allSatisfy(\.client.isReady) })
            world.pass(.milliseconds(500))
        }

        /// A call of Alice's that Bob's phone has picked up, with media.
        func talking() throws -> (alice: CallHandle, bob: CallHandle) {
            let mine = alice.call("bob")
            try #require(world.wait { !bob.incoming.isEmpty && !tablet.incoming.isEmpty })
            let theirs = try #require(bob.incoming.last)
            try bob.accept(theirs)
            try #require(world.wait { alice.state(mine) == .active && bob.state(theirs) == .active })
            try #require(world.wait { alice.code(mine) != nil && bob.code(theirs) != nil })
            return (mine, theirs)
        }

        func expectMedia(_ one: SimulatedPhone, _ call: CallHandle, _ other: SimulatedPhone, _ theirs: CallHandle) {
            #expect(one.state(call) == .active && other.state(theirs) == .active)
            #expect(one.hasMedia(call) && other.hasMedia(theirs))
            #expect(one.code(call) != nil && one.code(call) == other.code(theirs), "the users see the same pictures")
            #expect(world.media.faults == [])
        }
    }

    @Test("invited, rung, picked up, talked, hung up", arguments: 1...10)
    func wholeCall(seed: UInt64) throws {
        let scene = try Scene(seed: seed)
        defer { scene.world.stop() }
        let (alice, bob, world) = (scene.alice, scene.bob, scene.world)
        let mine = alice.call("bob", .audioVideo)
        #expect(alice.state(mine) == .inviting)
        try #require(world.wait { alice.state(mine) == .ringing && !bob.incoming.isEmpty })
        let theirs = try #require(bob.incoming.first)
        #expect(bob.machine(theirs)?.peer == "alice" && bob.machine(theirs)?.media == .audioVideo)
        world.pass(.seconds(2))
        #expect(bob.sent(theirs) == CallMedia(audio: false, video: false), "nothing is captured before pickup")
        #expect(!alice.hasMedia(mine))

        try bob.accept(theirs, .audio)
        let start = world.cluster.time.now
        try #require(world.wait { alice.state(mine) == .active && bob.state(theirs) == .active })
        #expect(world.cluster.time.now - start < .milliseconds(600), "all was prepared")
        try #require(world.wait { alice.code(mine) != nil && bob.code(theirs) != nil })
        scene.expectMedia(alice, mine, bob, theirs)
        #expect(bob.sent(theirs) == .audio && alice.sent(mine) == .audioVideo)
        #expect(alice.events[mine]?.contains(.placed) == true)

        try alice.sendInfo(mine, "hello")
        bob.announce(theirs, MediaState(videoMuted: true))
        try #require(world.wait { alice.machine(mine)?.remoteMedia.videoMuted == true })
        #expect(bob.events[theirs]?.contains(.info(type: "test", body: "hello")) == true)
        bob.hangUp(theirs)
        #expect(bob.end(theirs) == "hangup", "over here at once")
        try #require(world.wait { alice.end(mine) == "hangup" })
        #expect(world.wait { alice.client.isOutboxEmpty && bob.client.isOutboxEmpty })
        #expect(world.media.faults == [])
        #expect(alice.book.live.isEmpty && bob.book.live.isEmpty)
    }

    @Test("answered elsewhere: the other device is quiet, shows where the call is, and when it is over")
    func answeredElsewhere() throws {
        let scene = try Scene()
        defer { scene.world.stop() }
        let calls = try scene.talking()
        let there = try #require(scene.tablet.incoming.first)
        try #require(scene.world.wait { scene.tablet.end(there) == "answered_elsewhere" })
        try #require(scene.world.wait { scene.tablet.book.elsewhere.count == 1 })
        let elsewhere = try #require(scene.tablet.book.elsewhere.first)
        #expect(elsewhere.device == "phone" && elsewhere.peer == "alice" && elsewhere.role == .callee)
        scene.alice.hangUp(calls.alice)
        #expect(scene.world.wait { scene.tablet.book.elsewhere.isEmpty })
        #expect(scene.bob.book.elsewhere.isEmpty && scene.alice.book.elsewhere.isEmpty)
    }

    @Test("declined, ignored, busy, cancelled: everybody hears why")
    func refusals() throws {
        let scene = try Scene()
        defer { scene.world.stop() }
        let (alice, bob, tablet, world) = (scene.alice, scene.bob, scene.tablet, scene.world)

        func ring() throws -> (CallHandle, CallHandle, CallHandle) {
            let counts = (bob.incoming.count, tablet.incoming.count)
            let mine = alice.call("bob")
            try #require(world.wait { bob.incoming.count > counts.0 && tablet.incoming.count > counts.1 })
            return (mine, try #require(bob.incoming.last), try #require(tablet.incoming.last))
        }
        var (mine, first, second) = try ring()
        bob.hangUp(first)
        try #require(world.wait { alice.end(mine) != nil && tablet.end(second) != nil })
        #expect(
            [alice.end(mine), bob.end(first), tablet.end(second)] == ["declined", "declined", "declined_elsewhere"])

        (mine, first, second) = try ring()
        try bob.ignore(first)
        world.pass(.seconds(1))
        #expect(bob.end(first) == "ignored" && alice.state(mine) == .ringing && tablet.state(second) == .ringing)
        try tablet.accept(second)
        try #require(world.wait { alice.state(mine) == .active })
        alice.hangUp(mine)
        try #require(world.wait { tablet.end(second) == "hangup" })

        (mine, first, second) = try ring()
        try bob.busy(first)
        try tablet.busy(second)
        try #require(world.wait { alice.end(mine) == "busy" })

        (mine, first, second) = try ring()
        alice.hangUp(mine)
        try #require(world.wait { bob.end(first) == "cancelled" && tablet.end(second) == "cancelled" })
        #expect(alice.end(mine) == "cancelled")
        #expect(world.media.faults == [])
    }

    @Test("a call that was over before the device was in sync again never rings")
    func oldCalls() throws {
        let scene = try Scene()
        defer { scene.world.stop() }
        scene.tablet.client.setOnline(false)
        scene.world.pass(.seconds(5))
        let mine = scene.alice.call("bob")
        try #require(scene.world.wait { scene.alice.state(mine) == .ringing })
        scene.alice.hangUp(mine)
        scene.world.pass(.seconds(2))
        scene.tablet.client.setOnline(true)
        try #require(scene.world.wait { scene.tablet.client.isReady })
        scene.world.pass(.seconds(3))
        #expect(scene.tablet.incoming.isEmpty)

        // And one that still rings does.
        scene.tablet.client.setOnline(false)
        scene.world.pass(.seconds(5))
        scene.alice.call("bob")
        scene.world.pass(.seconds(2))
        scene.tablet.client.setOnline(true)
        #expect(scene.world.wait { scene.tablet.incoming.count == 1 })
    }

    @Test("both call each other: one call goes on, with no wider media than each chose", arguments: 1...30)
    func glare(seed: UInt64) throws {
        let scene = try Scene(seed: seed)
        defer { scene.world.stop() }
        let (alice, bob, world) = (scene.alice, scene.bob, scene.world)
        let mine = alice.call("bob", .audioVideo)
        world.pass(.milliseconds(Int(seed) * 4))
        let theirs = bob.call("alice", .audio)
        try #require(world.wait { alice.state(mine) == .active && bob.state(theirs) == .active })
        try #require(world.wait { alice.code(mine) != nil && bob.code(theirs) != nil })
        scene.expectMedia(alice, mine, bob, theirs)
        #expect(alice.machine(mine)?.id == bob.machine(theirs)?.id)
        #expect(alice.machine(mine)?.role != bob.machine(theirs)?.role)
        #expect(alice.sent(mine) == .audioVideo && bob.sent(theirs) == .audio)
        // Exactly one has heard of it; and what rang already goes on in the other object.
        let told = [alice.events[mine], bob.events[theirs]].filter { events in
            events?.contains { if case .glare = $0 { true } else { false } } == true
        }
        #expect(told.count == 1)
        #expect(alice.incoming.isEmpty)
        #expect(bob.incoming.allSatisfy { bob.end($0) == "glare" })
        bob.hangUp(theirs)
        #expect(world.wait { alice.end(mine) == "hangup" })
        #expect(alice.book.live.isEmpty && bob.book.live.isEmpty)
    }

    @Test("glare with a call that rings on the screen already: its object ends, one's own goes on as it")
    func glareWhileShown() throws {
        let scene = try Scene()
        defer { scene.world.stop() }
        let mine = scene.alice.call("bob")
        try #require(scene.world.wait { scene.bob.incoming.count == 1 })
        scene.world.pass(.seconds(1))
        let shown = try #require(scene.bob.incoming.first)
        let theirs = scene.bob.call("alice", .audio)
        try #require(scene.world.wait { scene.alice.state(mine) == .active && scene.bob.state(theirs) == .active })
        try #require(scene.world.wait { scene.alice.code(mine) != nil && scene.bob.code(theirs) != nil })
        #expect(scene.bob.end(shown) == "glare")
        scene.expectMedia(scene.alice, mine, scene.bob, theirs)
        #expect(
            scene.world.wait { scene.tablet.incoming.first.flatMap { scene.tablet.end($0) } == "answered_elsewhere" })
    }

    @Test("glare with a call that is over before the pickup: one calls once more", arguments: 1...30)
    func glareOver(seed: UInt64) throws {
        let scene = try Scene(seed: seed)
        defer { scene.world.stop() }
        let (alice, bob, world) = (scene.alice, scene.bob, scene.world)
        let mine = alice.call("bob", .audio)
        world.pass(.milliseconds(30))
        let theirs = bob.call("alice", .audio)
        world.pass(.milliseconds(Int(seed) * 3))
        alice.hangUp(mine)
        // Whatever crossed: Bob's call rings at Alice, or has ended since his was picked up or hers was hung up.
        try #require(
            world.wait { !alice.incoming.isEmpty || (bob.end(theirs) != nil && alice.book.live.isEmpty) },
            "\(String(describing: bob.state(theirs)))")
        guard let incoming = alice.incoming.first else { return }
        try alice.accept(incoming)
        try #require(world.wait { bob.state(theirs) == .active && alice.state(incoming) == .active })
        #expect(world.media.faults == [])
    }

    @Test("call, cancel, call again works, whichever order the leaders see")
    func redial() throws {
        let scene = try Scene()
        defer { scene.world.stop() }
        let first = scene.alice.call("bob")
        scene.alice.hangUp(first)
        let second = scene.alice.call("bob")
        try #require(scene.world.wait { scene.bob.incoming.contains { scene.bob.state($0) == .ringing } })
        let ringing = try #require(scene.bob.incoming.first { scene.bob.state($0) == .ringing })
        try scene.bob.accept(ringing)
        #expect(scene.world.wait { scene.alice.state(second) == .active })
        #expect(scene.alice.end(first) == "cancelled")
    }
}
