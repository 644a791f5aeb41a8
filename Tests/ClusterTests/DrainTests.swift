import LocalCluster
import SwitchboardProtocol
import Testing

extension ClusterTests {
    @Suite("A node leaves in order")
    struct DrainTests {
        /// The leader of a call that is being set up, and the front of its caller, is drained by an operator's command.
        @Test("in the middle of a call, and nobody loses anything", arguments: [CallScript.Step.held, .talking])
        func drainedByCommand(_ step: CallScript.Step) async throws {
            try await Testbed.run { bed in
                let caller = try await bed.device("alice", "phone", port: bed.cluster.topology.balancerPort)
                try await caller.connect()
                let node = try #require(caller.seen.nodes.last)
                // The others must not be on the node that leaves, for no balancer would bring them elsewhere.
                let others = bed.cluster.topology.nodes.map(\.name).filter { $0 != node }
                let script = CallScript(
                    call: bed.newCall(), caller: caller,
                    picker: try await bed.device("bob", "phone", at: others[0]),
                    bystander: try await bed.device("bob", "laptop", at: others[1]))
                for device in [script.picker, script.bystander] { try await device.connect() }
                try await script.play { reached in
                    guard reached == step else { return }
                    #expect(try await bed.leader(of: script.call).node == node)
                    try await bed.cluster.drain(node)
                    #expect(try await bed.leader(of: script.call).node != node)
                }
                script.check()
                #expect(caller.seen.nodes.last != node)
                #expect(script.picker.seen.disconnects.isEmpty)
                try await bed.cluster.start(node)
            }
        }
    }
}
