import NIOCore
import NIOPosix
import SwitchboardCore
import SwitchboardProtocol
import SwitchboardTransport
import Testing
import WebSocketTestSupport

@Suite("Peer links (sockets on loopback)", .serialized, .timeLimit(.minutes(1)))
struct PeerLinkTests {
    private func linked(_ a: PeerNode, _ b: PeerNode) async {
        a.setPeers(b)
        b.setPeers(a)
        await eventually("both are linked") { a.isLinked(with: b) && b.isLinked(with: a) }
    }

    private func expectFramesFlow(_ a: PeerNode, _ b: PeerNode) async {
        for (from, to) in [(a, b), (b, a)] {
            let before = to.frames(from: from).count
            from.service.send([.nudge(before)], to: to.incarnation)
            await eventually("a frame arrives at \(to.incarnation)") { to.frames(from: from).count > before }
        }
    }

    private func stop(_ nodes: PeerNode...) async {
        for node in nodes { await node.stop() }
    }

    @Test("Frames arrive in order; those of one turn leave together")
    func order() async throws {
        let (a, b) = (try await PeerNode.start("a.1"), try await PeerNode.start("b.1"))
        await linked(a, b)
        for number in 0..<1000 { a.service.send([.nudge(number)], to: b.incarnation) }
        await eventually("all arrive") { b.frames(from: a).count == 1000 }
        #expect(b.frames(from: a) == (0..<1000).map { .nudge($0) })
        #expect(b.batches(from: a).count < 500)
        await expectFramesFlow(a, b)
        await stop(a, b)
    }

    @Test("One side's knowledge is enough: a peer that was never named links by dialling")
    func oneSided() async throws {
        let (a, b) = (try await PeerNode.start("a.1"), try await PeerNode.start("b.1"))
        b.setPeers(a)
        await eventually("both are linked") { a.isLinked(with: b) && b.isLinked(with: a) }
        await expectFramesFlow(a, b)
        await stop(a, b)
    }

    @Test("Both dial at once, many times: one link remains, the same for both")
    func simultaneousDials() async throws {
        for round in 0..<20 {
            let (a, b) = (try await PeerNode.start("a.\(round)"), try await PeerNode.start("b.\(round)"))
            await linked(a, b)
            await expectFramesFlow(a, b)
            #expect(a.isLinked(with: b) && b.isLinked(with: a))
            // Up and down alternate, whatever happened on the way.
            for (node, peer) in [(a, b), (b, a)] {
                let ups = node.heard.map { $0 == .up(peer.incarnation.text) }
                #expect(ups == ups.indices.map { $0 % 2 == 0 })
            }
            await stop(a, b)
        }
    }

    @Test("When a node's process ends, the other hears that it is gone, at once")
    func gone() async throws {
        let (a, b) = (try await PeerNode.start("a.1"), try await PeerNode.start("b.1"))
        await linked(a, b)
        let start = ContinuousClock.now
        await stop(b)
        await eventually("gone", within: .seconds(1)) { a.heard.last == .down("b.1", isGone: true) }
        #expect(ContinuousClock.now - start < .milliseconds(900))
        await stop(a)
    }

    @Test("A process that was started again at the same address is another: the old one is gone, the new one links")
    func restart() async throws {
        let a = try await PeerNode.start("a.1")
        let old = try await PeerNode.start("b.1")
        await linked(a, old)
        await stop(old)
        let new = try await PeerNode.start("b.2", port: old.port)
        await eventually("the old one is gone") { a.heard.contains(.down("b.1", isGone: true)) }

        a.service.probe(old.incarnation)
        await eventually("a probe finds the new one there") { a.heard.contains(.probed("b.1", isGone: true)) }
        #expect(!a.isLinked(with: old))

        a.setPeers(new)
        new.setPeers(a)
        await eventually("linked with the new one") { a.isLinked(with: new) && new.isLinked(with: a) }
        await expectFramesFlow(a, new)
        await stop(a, new)
    }

    @Test("A probe of a living peer says so; of one that nobody named, nothing can be said")
    func probe() async throws {
        let (a, b) = (try await PeerNode.start("a.1"), try await PeerNode.start("b.1"))
        await linked(a, b)
        a.service.probe(b.incarnation)
        a.service.probe(Incarnation(trusted: "c.1"))
        await eventually("answers") {
            a.heard.contains(.probed("b.1", isGone: false)) && a.heard.contains(.probed("c.1", isGone: false))
        }
        #expect(a.isLinked(with: b))
        await stop(a, b)
    }

    @Test("Silence ends a link without saying that the process is gone; it comes back when the network does")
    func silence() async throws {
        let quick: (inout PeerLinkLimits) -> Void = {
            $0.keepaliveInterval = .milliseconds(50)
            $0.silenceTimeout = .milliseconds(300)
            $0.handshakeTimeout = .milliseconds(200)
        }
        let a = try await PeerNode.start("a.1", quick)
        let b = try await PeerNode.start("b.1", quick)
        let relay = try await FrozenRelay.start(to: b.port)
        a.service.setPeers([b.incarnation: PeerAddress(host: "127.0.0.1", port: relay.port)])
        await eventually("linked") { a.isLinked(with: b) && b.isLinked(with: a) }

        await relay.setFrozen(true)
        await eventually("both hear the loss") { !a.isLinked(with: b) && !b.isLinked(with: a) }
        #expect(a.heard.last == .down("b.1", isGone: false))
        #expect(b.heard.last == .down("a.1", isGone: false))
        a.service.probe(b.incarnation)
        await eventually("a silent address proves nothing") { a.heard.contains(.probed("b.1", isGone: false)) }

        await relay.setFrozen(false)
        await eventually("linked again") { a.isLinked(with: b) && b.isLinked(with: a) }
        await expectFramesFlow(a, b)
        await relay.close()
        await stop(a, b)
    }

    @Test("An idle link lives on by keepalives")
    func keepalive() async throws {
        let quick: (inout PeerLinkLimits) -> Void = {
            $0.keepaliveInterval = .milliseconds(100)
            $0.silenceTimeout = .seconds(1)
        }
        let (a, b) = (try await PeerNode.start("a.1", quick), try await PeerNode.start("b.1", quick))
        let c = try await PeerNode.start("c.1") { $0.keepaliveInterval = .seconds(60) }
        await linked(a, b)
        // One that sends no keepalives is found silent: a measure of time passing, and a proof that silence is looked for.
        let before = a.heard.count
        a.setPeers(b, c)
        await eventually("the silent one is dropped twice") {
            a.heard.count { $0 == .down("c.1", isGone: false) } >= 2
        }
        #expect(!a.heard.dropFirst(before).contains(.down("b.1", isGone: false)))
        #expect(a.isLinked(with: b) && b.isLinked(with: a))
        await stop(a, b, c)
    }

    @Test("Peers that are not named any more are let go; those that are come back")
    func setPeers() async throws {
        let (a, b) = (try await PeerNode.start("a.1"), try await PeerNode.start("b.1"))
        a.setPeers(b)
        await eventually("linked") { a.isLinked(with: b) && b.isLinked(with: a) }
        a.setPeers()
        await eventually("let go") { !a.isLinked(with: b) && !b.isLinked(with: a) }
        #expect(a.heard == [.up("b.1"), .down("b.1", isGone: false)])
        a.setPeers(b)
        await eventually("linked again") { a.isLinked(with: b) && b.isLinked(with: a) }
        await stop(a, b)
    }

    @Test("A peer that starts later is found by dialling again")
    func backoff() async throws {
        let a = try await PeerNode.start("a.1")
        let early = try await PeerNode.start("b.1")
        await stop(early)
        a.service.setPeers([early.incarnation: early.address])
        a.service.probe(early.incarnation)
        await eventually("nobody there") { a.heard.contains(.probed("b.1", isGone: true)) }
        let late = try await PeerNode.start("b.1", port: early.port)
        await eventually("linked") { a.isLinked(with: late) && late.isLinked(with: a) }
        await expectFramesFlow(a, late)
        await stop(a, late)
    }

    @Test("Many nodes link with all others")
    func mesh() async throws {
        var nodes: [PeerNode] = []
        for index in 0..<6 { nodes.append(try await PeerNode.start("node\(index).1")) }
        for node in nodes {
            let others = nodes.filter { $0.incarnation != node.incarnation }
            node.service.setPeers(
                Dictionary(uniqueKeysWithValues: others.map { ($0.incarnation, $0.address) }))
        }
        await eventually("all are linked") {
            nodes.allSatisfy { node in
                nodes.allSatisfy { $0.incarnation == node.incarnation || node.isLinked(with: $0) }
            }
        }
        for node in nodes { await node.stop() }
    }

    @Test("What does not fit is dropped and told once; facts still pass; afterwards the link works")
    func overflow() async throws {
        let tight: (inout PeerLinkLimits) -> Void = {
            $0.maxUnsentBytes = 256 * 1024
            $0.factReserveBytes = 1024 * 1024
            $0.silenceTimeout = .seconds(60)
        }
        let (a, b) = (try await PeerNode.start("a.1", tight), try await PeerNode.start("b.1", tight))
        let relay = try await FrozenRelay.start(to: b.port)
        a.service.setPeers([b.incarnation: PeerAddress(host: "127.0.0.1", port: relay.port)])
        await eventually("linked") { a.isLinked(with: b) && b.isLinked(with: a) }

        await relay.setFrozen(true)
        // Up to the bound and what the kernel's buffers take, and then more.
        var sent = 0
        await eventually("overflows") {
            a.service.send((sent..<sent + 10).map { .forward($0, bytes: 10_000) }, to: b.incarnation)
            sent += 10
            return a.heard.contains(.overflowed("b.1"))
        }
        a.service.send((sent..<sent + 100).map { .forward($0, bytes: 10_000) } + [.nudge(7)], to: b.incarnation)
        sent += 100
        await relay.setFrozen(false)
        await eventually("the fact arrives") { b.frames(from: a).last == .nudge(7) }
        let received = b.frames(from: a).dropLast().map { Int($0.forward.number) }
        // Every hole was told, once: an episode lasts until half of what waited is gone.
        let holes = zip(received, received.dropFirst() + [sent]).count { $1 != $0 + 1 }
        #expect(holes > 0)
        #expect(a.heard.count { $0 == .overflowed("b.1") } == holes)
        #expect(received == received.sorted())
        await expectFramesFlow(a, b)
        a.service.send([.forward(1)], to: b.incarnation)
        await eventually("droppable ones pass again") { b.frames(from: a).last == .forward(1) }
        #expect(a.isLinked(with: b))
        await relay.close()
        await stop(a, b)
    }

    @Test("Facts that find no room end the link, for they must not be dropped on one that lives")
    func factOverflow() async throws {
        let tight: (inout PeerLinkLimits) -> Void = {
            $0.maxUnsentBytes = 64 * 1024
            $0.factReserveBytes = 64 * 1024
            $0.silenceTimeout = .seconds(60)
        }
        let (a, b) = (try await PeerNode.start("a.1", tight), try await PeerNode.start("b.1", tight))
        let relay = try await FrozenRelay.start(to: b.port)
        a.service.setPeers([b.incarnation: PeerAddress(host: "127.0.0.1", port: relay.port)])
        await eventually("linked") { a.isLinked(with: b) && b.isLinked(with: a) }
        await relay.setFrozen(true)
        await eventually("the link ends") {
            a.service.send((0..<2000).map { .nudge($0) }, to: b.incarnation)
            return a.heard.contains(.down("b.1", isGone: false))
        }
        await relay.setFrozen(false)
        await eventually("linked again") { a.isLinked(with: b) }
        await relay.close()
        await stop(a, b)
    }

    @Test("Garbage, silence and half frames at the port disturb no link")
    func garbage() async throws {
        let limits: (inout PeerLinkLimits) -> Void = { $0.handshakeTimeout = .milliseconds(500) }
        let (a, b) = (try await PeerNode.start("a.1", limits), try await PeerNode.start("b.1", limits))
        await linked(a, b)
        let inputs: [[UInt8]] = [
            Array("GET / HTTP/1.1\r\n\r\n".utf8), [0, 0, 0, 3, 0xff, 0xff, 0xff], [0xff, 0xff, 0xff, 0xff], [0, 0], [],
            // A frame that has no place before the handshake.
            [0, 0, 0, 2, 0x1a, 0],
        ]
        for input in inputs {
            let stranger = try await RawClient.connect(port: b.port)
            stranger.post(input)
            await eventually("the stranger is shown out") { stranger.isClosed }
        }
        #expect(a.heard == [.up("b.1")] || a.heard.last == .up("b.1"))
        await expectFramesFlow(a, b)
        await stop(a, b)
    }

    @Test("A port that resets is no dead process; one that refuses is")
    func resets() async throws {
        let a = try await PeerNode.start("a.1")
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        // Closing a socket with bytes unread in it resets the connection.
        let server = try await ServerBootstrap(group: group)
            .childChannelOption(.autoRead, value: false)
            .childChannelInitializer { channel in
                channel.eventLoop.scheduleTask(in: .milliseconds(20)) { channel.close(promise: nil) }
                return channel.eventLoop.makeSucceededVoidFuture()
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let b = Incarnation(trusted: "b.1")
        a.service.setPeers([b: PeerAddress(host: "127.0.0.1", port: try #require(server.localAddress?.port))])
        a.service.probe(b)
        await eventually("alive, perhaps") { a.heard == [.probed("b.1", isGone: false)] }
        try await server.close()
        a.service.probe(b)
        await eventually("gone") { a.heard.last == .probed("b.1", isGone: true) }
        await stop(a)
        try await group.shutdownGracefully()
    }
}
