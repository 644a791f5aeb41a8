import LocalCluster
import SwitchboardProtocol
import SwitchboardTestKit
import Testing

extension ClusterTests {
    @Suite("ZooKeeper has lost its quorum")
    struct CoordinatorOutageTests {
        @Test("calls go on; new ones are told to wait, and come through when it is back")
        func quorumLost() async throws {
            try await Testbed.run { bed in
                let caller = try await bed.device("alice", "phone", at: "n1")
                let callee = try await bed.device("bob", "phone", at: "n2")
                let newCaller = try await bed.device("carol", "phone", at: "n3")
                for device in [caller, callee, newCaller] { try await device.connect() }
                let pair = try await Pair.connect(caller, callee, in: bed.newCall())
                try await pair.startRally()
                try await pair.rallyGoesOn()

                let zooKeeper = bed.cluster.zooKeeper
                for server in [0, 1] { try await zooKeeper.kill(server) }
                try await pair.rallyGoesOn(by: 50)
                let call = bed.newCall()
                try await newCaller.send(.invite(bed.user("bob")), .description("offer", mark: "offer"), in: call)
                try await newCaller.wait("it is told that no election can be held") {
                    $0.temporaryErrors.contains("coordinator_unavailable")
                }
                try await pair.rallyGoesOn(by: 50)
                #expect(callee.seen.deliveries[call] == nil)

                let clock = ContinuousClock()
                let start = clock.now
                try await zooKeeper.start()
                let back = clock.now
                try await callee.wait("the new call rings") { $0.has("offer offer", in: call) }
                print(
                    "quorum lost: a new call rings \((clock.now - back).inMilliseconds) after it was back,",
                    "\((clock.now - start).inMilliseconds) after its servers were started")
                try await newCaller.send(.cancel, in: call)
                try await callee.wait("it is cancelled") { $0.has("ended cancelled", in: call) }
                try await pair.rallyGoesOn()
                try await pair.hangUp()
                for device in [caller, callee, newCaller] { #expect(device.seen.disconnects.isEmpty) }
            }
        }
    }
}
