import SwitchboardCore
import SwitchboardProtocol
import SwitchboardTestKit
import Testing

/// One call over three nodes, told step by step.
@Suite struct HappyCallTests {
    @Test func aCallOverThreeNodes() throws {
        let cluster = SimulatedCluster(seed: 1)
        defer { cluster.stop() }
        let alice = cluster.addClient("alice", "phone", on: ["a"])
        let bob = cluster.addClient("bob", "laptop", on: ["b"])
        let tablet = cluster.addClient("bob", "tablet", on: ["c"])
        try #require(cluster.run { alice.isReady && bob.isReady && tablet.isReady })
        cluster.run(for: .milliseconds(500))

        let call = cluster.newConversation()
        alice.send(.invite("bob"), in: call)
        alice.send(.description("offer"), in: call)
        alice.send(.candidates("early"), in: call)
        try #require(
            cluster.run { bob.kinds(call) == ["invite", "offer"] && tablet.kinds(call) == ["invite", "offer"] })

        bob.send(.ringing, in: call)
        tablet.send(.ringing, in: call)
        bob.send(.description("answer"), in: call)
        bob.send(.candidates("held"), in: call)
        try #require(cluster.run { alice.kinds(call) == ["ringing"] })
        bob.send(.accept, in: call)
        try #require(cluster.run { bob.kinds(call) == ["invite", "offer", "selected", "candidates"] })
        try #require(cluster.run { alice.kinds(call) == ["ringing", "selected", "answer", "candidates"] })
        try #require(
            cluster.run { tablet.kinds(call) == ["invite", "offer", "ended:answered_elsewhere", "elsewhere"] })

        alice.send(.connected, in: call)
        alice.send(.info("hello"), in: call)
        bob.send(.hangup, in: call)
        try #require(cluster.run { alice.kinds(call).last == "ended:hangup" && bob.kinds(call).last == "ended:hangup" })
        #expect(tablet.kinds(call).suffix(3) == ["ended:answered_elsewhere", "elsewhere", "elsewhere"])
        #expect(cluster.run { alice.isOutboxEmpty && bob.isOutboxEmpty && tablet.isOutboxEmpty })
    }

    @Test(arguments: 1...20) func theLeaderDiesWhileItRings(seed: UInt64) throws {
        let cluster = SimulatedCluster(seed: seed)
        defer { cluster.stop() }
        let alice = cluster.addClient("alice", "phone", on: ["a"])
        let bob = cluster.addClient("bob", "laptop", on: ["b"])
        cluster.run(for: .milliseconds(500))
        let call = cluster.newConversation()
        alice.send(.invite("bob"), in: call)
        alice.send(.description("offer"), in: call)
        alice.send(.candidates("early"), in: call)
        cluster.run(for: cluster.random.duration(.zero ... .milliseconds(100)))
        cluster.crash("a")
        try #require(cluster.run { bob.kinds(call).contains("offer") })
        bob.send(.ringing, in: call)
        bob.send(.description("answer"), in: call)
        bob.send(.accept, in: call)
        try #require(cluster.run { bob.kinds(call).suffix(2) == ["selected", "candidates"] }, "\(bob.kinds(call))")
        try #require(cluster.run { alice.kinds(call) == ["ringing", "selected", "answer"] }, "\(alice.kinds(call))")
        alice.send(.hangup, in: call)
        try #require(cluster.run { alice.kinds(call).last == "ended:hangup" && bob.kinds(call).last == "ended:hangup" })
        #expect(cluster.run { alice.isOutboxEmpty && bob.isOutboxEmpty })
    }
}

extension SimulatedClient {
    func kinds(_ call: ConversationID) -> [String] { conversations[call]?.kinds ?? [] }
}
