import Foundation
import LocalCluster
import SwitchboardClient
import SwitchboardProtocol
import Testing
import WebSocketTestSupport

@Suite("A node that ends, and starts again on the same file (real node, SQLite)", .timeLimit(.minutes(3)))
struct RestartTests {
    @Test(
        "Killed in the middle of a call's set-up: both clients resume, the call completes, nothing is lost or doubled")
    func killed() async throws {
        let node = try await RunningNode.start()
        let call = ConversationID.random()
        let bob = try await SDKClient.connect(node, "bob")
        let alice = try await SDKClient.connect(node, "alice")
        for message in [.invite("bob"), .offer(), .candidate("c1")] as [WireMessage] {
            try await alice.client.send(message, in: call)
        }
        try await bob.waitsForKinds(["invite", "offer"], in: call)
        for message in [.ringing(), .answer(), .candidate("c2")] as [WireMessage] {
            try await bob.client.send(message, in: call)
        }
        try await alice.waitsForKinds(["ringing"], in: call)

        try await node.process.kill()
        // Sent while there is no node: they wait in the clients' outboxes.
        async let accepted = bob.client.send(.accept(), in: call)
        async let candidate = alice.client.send(.candidate("c3"), in: call)
        let again = try await node.startAgain()
        _ = try await (accepted, candidate)

        try await alice.client.send(.connected(), in: call)
        let (forAlice, forBob) = (
            ["ringing", "selected", "answer", "candidates"],
            ["invite", "offer", "selected", "candidates", "candidates", "connected"]
        )
        try await alice.waitsForKinds(forAlice, in: call)
        try await bob.waitsForKinds(forBob, in: call)
        #expect(alice.kinds(in: call) == forAlice)
        #expect(bob.kinds(in: call) == forBob)
        for client in [alice, bob] {
            let deliveries = client.deliveries(in: call)
            #expect(deliveries.map(\.number) == Array(1...UInt32(deliveries.count)))
            // The new leadership has a higher epoch, and epochs never fall.
            let epochs = deliveries.map(\.epoch)
            #expect(epochs == epochs.sorted())
            #expect(try #require(epochs.last) > epochs[0])
            #expect(!client.disconnections.isEmpty)
            await client.client.close()
        }
        let candidates = bob.deliveries(in: call).flatMap(\.message.candidates.candidates).map(\.candidate)
        #expect(candidates == ["c1", "c3"])
        try await again.process.kill()
    }

    @Test("Killed after the end of a call: who was away then hears of it all the same")
    func endedBefore() async throws {
        let node = try await RunningNode.start()
        let call = try await OngoingCall.establish(on: node)
        let seen = UInt32(try call.callee.deliveries(in: call.id).count)
        await call.callee.socket.raw.close()
        try await call.caller.sendAccepted(.hangup(), in: call.id)
        try await node.process.kill()
        let again = try await node.startAgain()
        let back = try await Device.connect(
            again, call.callee.user, connection: 2, outbox: call.callee.outbox, knowing: [call.id: seen])
        #expect(try back.kinds(in: call.id) == ["ended"])
        #expect(try back.deliveries(in: call.id).first?.number == seen + 1)
        try await again.process.kill()
    }

    @Test("SIGTERM: go_away, then 1012, within the configured time; exit code 0; the file is as it should be")
    func drained() async throws {
        let node = try await RunningNode.start(.init(file: "{\"drain\": {\"spreadMs\": 1000}}"))
        let call = try await OngoingCall.establish(on: node)
        let start = ContinuousClock.now
        node.process.send(signal: SIGTERM)
        for device in [call.caller, call.callee] {
            #expect(try await device.socket.closed() == CloseCode.serviceRestart.rawValue)
            let farewell = try #require(try device.messages.first(where: \.isGoAway))
            #expect((0...1000).contains(farewell.goAway.reconnectAfterMs))
        }
        #expect(try await node.process.waitForExit(within: .seconds(10)) == .code(0))
        #expect(ContinuousClock.now - start < .seconds(8))
        #expect(!node.log.contains("error switchboard"), "\(node.log)")

        let again = try await node.startAgain()
        let seen = UInt32(try call.callee.deliveries(in: call.id).count)
        let callee = try await Device.connect(
            again, call.callee.user, connection: 2, outbox: call.callee.outbox, knowing: [call.id: seen])
        let caller = try await Device.connect(
            again, call.caller.user, connection: 2, outbox: call.caller.outbox,
            knowing: [call.id: UInt32(try call.caller.deliveries(in: call.id).count)])
        try await caller.send(.info("still there"), in: call.id, number: 5)
        try await callee.waits("gets it") { try $0.deliveries(in: call.id).map(\.number) == [seen + 1] }
        #expect(try caller.errors == [])
        try await again.process.kill()
    }

    @Test("While it drains it is not ready, and takes nobody in")
    func notReady() async throws {
        let node = try await RunningNode.start(.init(file: "{\"drain\": {\"spreadMs\": 3000}}"))
        // Of two, the second is asked to leave after half of the time.
        let devices = [try await Device.connect(node, "first"), try await Device.connect(node, "second")]
        node.process.send(signal: SIGTERM)
        try await waitUntil("readiness says so", within: .seconds(5)) {
            let ready = await LoopbackRequest.get("/health/ready", port: node.internalPort)
            return ready?.status == 503 && ready?.body.contains("draining") == true
        }
        let late = try await WebSocketClient.connect(port: node.port)
        try await late.send(.hello(token: try await TestToken.make("late")))
        try await expectClosed(late, .serviceRestart, .draining)
        for device in devices { #expect(try await device.socket.closed() == CloseCode.serviceRestart.rawValue) }
        #expect(try await node.process.waitForExit(within: .seconds(10)) == .code(0))
    }
}
