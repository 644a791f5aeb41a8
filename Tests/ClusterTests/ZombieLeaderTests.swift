import LocalCluster
import SwitchboardProtocol
import SwitchboardTestKit
import Testing

extension ClusterTests {
    @Suite("A leader is stopped past its session, and woken when another leads")
    struct ZombieLeaderTests {
        @Test("what it was sent before it stopped is not acknowledged by it; it steps down by itself")
        func zombie() async throws {
            try await Testbed.run { bed in
                let relay = try await bed.relay(to: "n1")
                let caller = try await bed.device("alice", "phone", port: relay.port)
                let callee = try await bed.device("bob", "phone", at: "n3")
                for device in [caller, callee] { try await device.connect() }
                let pair = try await Pair.connect(caller, callee, in: bed.newCall())
                // Nobody is connected to the leader, so messages flow as soon as another one leads.
                relay.move(to: try bed.cluster.clientPort(of: "n2"))
                try await caller.wait("it is at n2") { $0.nodes.last == "n2" && $0.isSynchronized }
                try await pair.startRally()
                try await pair.rallyGoesOn()

                let old = try await Self.stopLeader(bed, pair.call)
                // These reach the stopped process through the links of n2 and n3, and wait in its sockets.
                try await caller.send(.info("late from caller"), in: pair.call)
                try await callee.send(.info("late from callee"), in: pair.call)
                let new = try await Self.leaderAfter(old, bed, pair.call)
                try await caller.wait("what was late is there") { $0.has("late from callee", in: pair.call) }
                try await callee.wait("what was late is there") { $0.has("late from caller", in: pair.call) }
                try await pair.rallyGoesOn()

                try await bed.cluster.resume(old.node)
                try await Self.expectStepsDown(old, bed, pair.call)
                try await pair.rallyGoesOn()
                try await pair.hangUp()
                try await Self.checkLog(bed, pair.call, old: old, new: new)
                #expect(callee.seen.disconnects.isEmpty)
                #expect(caller.seen.disconnects.count == 1)
            }
        }

        @Test("also when a device is still connected to it: its message is taken once, by the new leader")
        func zombieWithDevice() async throws {
            try await Testbed.run { bed in
                let relay = try await bed.relay(to: "n1")
                let caller = try await bed.device("alice", "phone", port: relay.port)
                let callee = try await bed.device("bob", "phone", at: "n1")
                for device in [caller, callee] { try await device.connect() }
                let pair = try await Pair.connect(caller, callee, in: bed.newCall())
                let call = pair.call
                relay.move(to: try bed.cluster.clientPort(of: "n2"))
                try await caller.wait("it is at n2") { $0.nodes.last == "n2" && $0.isSynchronized }

                let old = try await Self.stopLeader(bed, call)
                try await callee.send(.info("late from callee"), in: call)
                try await caller.send(.info("from caller"), in: call)
                let new = try await Self.leaderAfter(old, bed, call)
                try await caller.wait("its message is taken without the stopped node") { $0.hasAllAccepted(call) }
                #expect(!callee.seen.hasAllAccepted(call))

                try await bed.cluster.resume(old.node)
                try await callee.wait("all has arrived") { $0.hasAllAccepted(call) && $0.has("from caller", in: call) }
                try await caller.wait("all has arrived") { $0.has("late from callee", in: call) }
                try await Self.expectStepsDown(old, bed, call)
                try await pair.startRally()
                try await pair.rallyGoesOn()
                try await pair.hangUp()
                try await Self.checkLog(bed, call, old: old, new: new)
            }
        }

        private static func stopLeader(_ bed: Testbed, _ call: ConversationID) async throws -> CallLeader {
            let old = try await bed.leader(of: call)
            #expect(old.node == "n1")
            try await bed.cluster.pause(old.node)
            return old
        }

        /// The one that has taken over, by the log, which alone decides.
        private static func leaderAfter(_ old: CallLeader, _ bed: Testbed, _ call: ConversationID) async throws
            -> String
        {
            let clock = ContinuousClock()
            let start = clock.now
            var new: String?
            try await waitUntil("another node leads", within: .seconds(40), pollEvery: .milliseconds(50)) {
                new = try await bed.database.log(of: call).last { $0.incarnation != old.incarnation }?.incarnation
                return new != nil
            }
            print("stopped leader: another one led after \((clock.now - start).inMilliseconds)")
            return try #require(new)
        }

        private static func expectStepsDown(_ old: CallLeader, _ bed: Testbed, _ call: ConversationID) async throws {
            let clock = ContinuousClock()
            let start = clock.now
            try await waitUntil("the woken node says that another one leads", within: .seconds(30)) {
                guard await bed.cluster.figure("ready", of: old.node) != nil else { return false }
                let seen = await bed.cluster.leader(of: call.description, asSeenBy: old.node)
                return seen?.node != old.node
            }
            print("woken leader: stepped down after \((clock.now - start).inMilliseconds)")
        }

        /// After the new leader's barrier there is nothing of the old one's, so it can have acknowledged nothing.
        private static func checkLog(_ bed: Testbed, _ call: ConversationID, old: CallLeader, new: String) async throws
        {
            let log = try await bed.database.log(of: call)
            let takenOver = try #require(log.firstIndex { $0.incarnation == new })
            #expect(log[..<takenOver].allSatisfy { $0.incarnation == old.incarnation })
            #expect(log[takenOver...].allSatisfy { $0.incarnation != old.incarnation })
        }
    }
}
