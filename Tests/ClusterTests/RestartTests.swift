import Foundation
import LocalCluster
import SwitchboardProtocol
import SwitchboardTestKit
import Testing

extension ClusterTests {
    @Suite("Nodes are restarted")
    struct RestartTests {
        @Test("one after the other, in order and by force, under load: calls go on")
        func oneByOne() async throws {
            try await Testbed.run { bed in
                var pairs: [Pair] = []
                for index in 0..<6 {
                    let port = bed.cluster.topology.balancerPort
                    let caller = try await bed.device("caller\(index)", "phone", port: port)
                    let callee = try await bed.device("callee\(index)", "phone", port: port)
                    for device in [caller, callee] { try await device.connect() }
                    pairs.append(try await Pair.connect(caller, callee, in: bed.newCall()))
                }
                for pair in pairs { try await pair.startRally() }
                for pair in pairs { try await pair.rallyGoesOn() }

                for (node, isOrderly) in [("n1", true), ("n2", false), ("n3", true)] {
                    let clock = ContinuousClock()
                    let start = clock.now
                    if isOrderly { try await bed.cluster.stop(node) } else { try await bed.cluster.kill(node) }
                    for pair in pairs { try await pair.rallyGoesOn() }
                    print(
                        "\(node) \(isOrderly ? "stopped" : "killed"): all calls go on",
                        (clock.now - start).inMilliseconds)
                    try await bed.cluster.start(node)
                    try await bed.cluster.settle()
                    for pair in pairs { try await pair.rallyGoesOn() }
                }
                for pair in pairs { try await pair.hangUp() }
            }
        }

        @Test("all killed at once: the call is found again, and what was queued is delivered")
        func allAtOnce() async throws {
            try await Testbed.run { bed in
                let relay = try await bed.relay(to: "n2")
                let caller = try await bed.device("alice", "phone", at: "n1")
                let callee = try await bed.device("bob", "phone", port: relay.port)
                for device in [caller, callee] { try await device.connect() }
                let pair = try await Pair.connect(caller, callee, in: bed.newCall())
                let call = pair.call

                // The callee's network goes; what is sent meanwhile is acknowledged and waits for it.
                relay.move(to: nil)
                try await callee.wait("its connection is gone") { !$0.disconnects.isEmpty }
                let queued = (1...30).map { "queued \($0)" }
                try await caller.send(queued.map { .info($0) }, in: call)
                try await caller.wait("all is accepted") { $0.hasAllAccepted(call) }

                let nodes = bed.cluster.topology.nodes.map(\.name)
                for node in nodes { try await bed.cluster.runningProcess(node).send(signal: SIGKILL) }
                for node in nodes { try await bed.cluster.kill(node) }
                let clock = ContinuousClock()
                let start = clock.now
                for node in nodes { try await bed.cluster.start(node) }
                print("all nodes killed: ready again after \((clock.now - start).inMilliseconds)")
                relay.move(to: try bed.cluster.clientPort(of: "n3"))
                try await callee.wait("what was queued is delivered", within: .seconds(60)) {
                    $0.has("queued 30", in: call)
                }
                print("all nodes killed: queued messages delivered after \((clock.now - start).inMilliseconds)")
                #expect(callee.seen.labels(call).filter { $0.hasPrefix("queued") } == queued)
                try await pair.startRally()
                try await pair.rallyGoesOn()
                try await pair.hangUp()
            }
        }
    }
}
