import Foundation
import LocalCluster
import SwitchboardProtocol
import SwitchboardTestKit
import Testing

extension ClusterTests {
    @Suite("The leader is killed in the middle of a call's setup")
    struct LeaderKilledTests {
        @Test("and no device is connected to it", arguments: CallScript.Step.allCases)
        func leaderWithoutDevices(_ step: CallScript.Step) async throws {
            try await Testbed.run { bed in
                let relay = try await bed.relay(to: "n1")
                let script = CallScript(
                    call: bed.newCall(), caller: try await bed.device("alice", "phone", port: relay.port),
                    picker: try await bed.device("bob", "phone", at: "n3"),
                    bystander: try await bed.device("bob", "laptop", at: "n2"))
                for device in script.devices { try await device.connect() }
                let kill = LeaderKill(bed, script, at: step, "its devices are elsewhere")
                try await script.play { reached in
                    if reached == .invited {
                        // The caller's front leads, until the caller comes back at another one.
                        relay.move(to: try bed.cluster.clientPort(of: "n2"))
                        try await script.caller.wait("it is at n2") { $0.nodes.last == "n2" && $0.isSynchronized }
                    }
                    try await kill.reached(reached)
                }
                script.check()
                kill.report()
                #expect(kill.victim == "n1")
                #expect(kill.newLeader != nil && kill.newLeader != "n1")
                // Their fronts live: nobody's connection broke, but for the caller's move.
                #expect(script.picker.seen.disconnects.isEmpty)
                #expect(script.bystander.seen.disconnects.isEmpty)
                #expect(script.caller.seen.disconnects.count == 1)
            }
        }

        @Test(
            "and the caller was connected to it, and comes back through the balancer",
            arguments: CallScript.Step.allCases)
        func leaderIsTheCallersFront(_ step: CallScript.Step) async throws {
            try await Testbed.run { bed in
                let caller = try await bed.device("alice", "phone", port: bed.cluster.topology.balancerPort)
                try await caller.connect()
                let front = try #require(caller.seen.nodes.last)
                let others = bed.cluster.topology.nodes.map(\.name).filter { $0 != front }
                let script = CallScript(
                    call: bed.newCall(), caller: caller,
                    picker: try await bed.device("bob", "phone", at: others[0]),
                    bystander: try await bed.device("bob", "laptop", at: others[1]))
                for device in [script.picker, script.bystander] { try await device.connect() }
                let kill = LeaderKill(bed, script, at: step, "the caller's front")
                try await script.play { try await kill.reached($0) }
                script.check()
                kill.report()
                #expect(kill.victim == front)
                #expect(caller.seen.nodes.last != front)
                #expect(script.picker.seen.disconnects.isEmpty)
                #expect(script.bystander.seen.disconnects.isEmpty)
            }
        }
    }
}

/// Kills the leader of a call when its script reaches a step, and measures how long nothing came.
private final class LeaderKill {
    private let bed: Testbed
    private let script: CallScript
    private let step: CallScript.Step
    private let circumstances: String
    private var killed: ContinuousClock.Instant?
    private var epoch: UInt32 = 0
    private(set) var victim: String?
    private(set) var newLeader: String?

    init(_ bed: Testbed, _ script: CallScript, at step: CallScript.Step, _ circumstances: String) {
        (self.bed, self.script, self.step, self.circumstances) = (bed, script, step, circumstances)
    }

    func reached(_ reached: CallScript.Step) async throws {
        if reached == before {
            // Found out beforehand: the kill itself must not wait for anything.
            victim = try await bed.leader(of: script.call).node
        }
        if reached == step {
            if victim == nil { victim = try await bed.leader(of: script.call).node }
            let process = try await bed.cluster.runningProcess(try #require(victim))
            // From the kill on everything is of a higher epoch, or was on its way already.
            epoch = script.devices.map { $0.seen.epoch(script.call) }.max() ?? 0
            killed = .now
            process.send(signal: SIGKILL)
        }
        if reached == .talking, let victim {
            // The rally goes on meanwhile.
            newLeader = try await leaderBesides(victim)
        }
    }

    /// The step before, where there is one with time to ask.
    private var before: CallScript.Step? {
        switch step {
        case .invited: nil
        case .ringing: .invited
        case .held: .ringing
        case .accepted, .talking: .held
        }
    }

    private func leaderBesides(_ victim: String) async throws -> String? {
        var found: CallLeader?
        try await waitUntil("another node leads", within: .seconds(20)) {
            for node in bed.cluster.topology.nodes where node.name != victim {
                let seen = await bed.cluster.leader(of: script.call.description, asSeenBy: node.name)
                if let seen, seen.node != victim {
                    found = seen
                    return true
                }
            }
            return false
        }
        return found?.node
    }

    /// Prints the figures and holds them against a loose bound; the aim is 300 ms where a device's front lives.
    func report() {
        guard let killed else {
            Issue.record("the script never came to \(step)")
            return
        }
        let deliveries = script.devices.compactMap {
            $0.seen.firstDelivery(script.call, beyond: max(epoch, 1))
        }
        let delivery = deliveries.min()
        guard let delivery else {
            Issue.record("nothing was delivered after the kill")
            return
        }
        let gap = delivery - killed
        print("leader killed at \(step.rawValue) (\(circumstances)): next delivery after \(gap.inMilliseconds)")
        #expect(gap < .seconds(10))
    }
}

extension Duration {
    var inMilliseconds: String { "\(Int(self / .milliseconds(1))) ms" }
}
