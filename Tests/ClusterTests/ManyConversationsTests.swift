import Foundation
import LocalCluster
import SwiftProtobuf
import SwitchboardProtocol
import SwitchboardTestKit
import Testing

extension ClusterTests {
    @Suite("A node that leads very many conversations is killed")
    struct ManyConversationsTests {
        /// `SWITCHBOARD_TEST_CONVERSATIONS`; `Scripts/test-recovery` asks for 50,000.
        static var count: Int {
            ProcessInfo.processInfo.environment["SWITCHBOARD_TEST_CONVERSATIONS"].flatMap { Int($0) } ?? 5_000
        }

        @Test("ZooKeeper stays up, calls with devices go on at once, and all are led again", .timeLimit(.minutes(15)))
        func killed() async throws {
            // A cluster of its own: those conversations live on, and every later fault would move them all.
            let cluster = try LocalCluster(topology: .free(nodes: 3, zooKeepers: 3))
            try await cluster.up()
            do {
                try await Testbed.run(on: cluster) { try await Self.run($0) }
            } catch {
                try await cluster.down()
                throw error
            }
            try await cluster.down()
        }

        private static func run(_ bed: Testbed) async throws {
            let (cluster, count) = (bed.cluster, count)
            let others = ["n2", "n3"]
            for node in others { try await cluster.kill(node) }
            try await waitUntil("n1 is alone", within: .seconds(30)) {
                await cluster.figure("registered_nodes", of: "n1") == 1
            }
            // Conversations whose leader is no more: n1 finds and claims them all, and so leads them in earnest.
            try await bed.database.makeOrphans(count, firstEntry: firstEntry)
            try await measured("n1 leads \(count) conversations that were made for it") {
                try await waitUntil("n1 leads them all", within: .seconds(400), pollEvery: .milliseconds(250)) {
                    try await isLed(by: ["n1"], bed)
                }
            }
            #expect(await cluster.figure("led_conversations", of: "n1") == count)
            try await cluster.settle()

            // And one real call, of devices that come back elsewhere.
            let relay = try await bed.relay(to: "n1")
            let caller = try await bed.device("alice", "phone", port: relay.port)
            let callee = try await bed.device("bob", "phone", at: "n3")
            for device in [caller, callee] { try await device.connect() }
            let pair = try await Pair.connect(caller, callee, in: bed.newCall())
            relay.move(to: try cluster.clientPort(of: "n2"))
            try await caller.wait("it is at n2") { $0.nodes.last == "n2" && $0.isSynchronized }
            try await pair.startRally()
            try await pair.rallyGoesOn()
            let victim = try await cluster.runningProcess("n1")
            let leader = try await bed.leader(of: pair.call)
            #expect(leader.node == "n1")

            let epoch = callee.seen.epoch(pair.call)
            let killed = ContinuousClock.now
            victim.send(signal: SIGKILL)
            try await callee.wait("another leader delivers", within: .seconds(60)) { $0.epoch(pair.call) > epoch }
            guard let first = callee.seen.firstDelivery(pair.call, beyond: epoch) else { return }
            print(
                "\(count) conversations, their leader killed: next delivery of a call after",
                (first - killed).inMilliseconds)
            #expect(first - killed < .seconds(10))
            try await measured("\(count) conversations, their leader killed: all led again") {
                try await waitUntil("all are led again", within: .seconds(400), pollEvery: .milliseconds(250)) {
                    try await isLed(by: others, bed)
                }
            }
            for index in 0..<cluster.zooKeeper.count {
                let port = cluster.topology.zooKeeperPorts[3 * index]
                let answer = await LoopbackRequest.send("ruok", port: port)
                #expect(answer == "imok", "ZooKeeper server \(index + 1)")
            }
            let leaders = try await bed.database.liveConversations()
            #expect(leaders.values.reduce(0, +) == count + 1)
            print("led by: \(leaders.sorted { $0.key < $1.key }.map { "\($0.key.prefix(2)) \($0.value)" })")
            try await pair.rallyGoesOn()
            try await pair.hangUp()
        }

        /// Whether all live conversations have an entry in their log by which one of these nodes leads.
        private static func isLed(by nodes: [String], _ bed: Testbed) async throws -> Bool {
            try await bed.database.liveConversations().keys.allSatisfy { leader in
                nodes.contains { leader.hasPrefix("\($0).") }
            }
        }

        private static func measured(_ what: String, _ body: () async throws -> Void) async throws {
            let start = ContinuousClock.now
            try await body()
            print("\(what): \((ContinuousClock.now - start).inMilliseconds)")
        }

        /// A call that goes on, as its first and only entry says.
        private static var firstEntry: LogEntry {
            .with { entry in
                entry.level = 1
                entry.epoch = 1
                entry.facts = [
                    .with { $0.barrier.incarnation = "ghost.0" },
                    .with {
                        $0.opened.caller = "many-caller"
                        $0.opened.callerDevice = "phone"
                        $0.opened.callee = "many-callee"
                        $0.opened.media.audio = true
                    },
                    .with {
                        $0.selection.callerDevice = "phone"
                        $0.selection.calleeDevice = "phone"
                    },
                    .with { $0.phase.state = "active" },
                ]
            }
        }
    }
}
