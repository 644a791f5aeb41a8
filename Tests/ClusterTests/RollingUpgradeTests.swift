import Foundation
import LocalCluster
import SwitchboardClient
import SwitchboardCore
import SwitchboardProbe
import SwitchboardProtocol
import SwitchboardTestKit
import Synchronization
import Testing

extension ClusterTests {
    /// Nodes that admit to know the first feature level only stand for the older release: they neither fold nor write more.
    @Suite("A cluster is upgraded node by node, and back")
    struct RollingUpgradeTests {
        private static let older = ["CLUSTER_KNOWN_FEATURE_LEVEL": "1"]

        @Test("while calls go on, and none fails", .timeLimit(.minutes(10)))
        func forwardAndBack() async throws {
            var options = LocalClusterOptions()
            options.nodeEnvironment = Self.older
            let cluster = try LocalCluster(topology: .free(nodes: 3, zooKeepers: 3), options: options)
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
            let (cluster, binary) = (bed.cluster, bed.cluster.settings.binary)
            // A database of the older release has this value; a new one starts at the newest.
            try await bed.database.setFeatureLevel(1)
            try await Load.during(cluster) {
                try await cluster.upgrade(to: binary, environment: [:])
                try await cluster.upgrade(to: binary, environment: older)
                try await cluster.upgrade(to: binary, environment: [:])
            }

            // Only now may the cluster write what the older release could not fold, and only when an operator says so.
            try await expectWatching(bed, isWritten: false)
            try await cluster.run([
                "feature-level", "raise", "\(FeatureLevel.newest)", "--config", cluster.configFile(of: "n1"),
            ])
            try await waitUntil("all nodes have read the new level", within: .seconds(30)) {
                try cluster.topology.nodes.allSatisfy { node in
                    LogFile.tail(of: try cluster.logFile(of: node.name), lines: 1_000)
                        .contains("writes at feature level \(FeatureLevel.newest)")
                }
            }
            try await expectWatching(bed, isWritten: true)
        }

        /// A device that does not pick up hears where the call goes on, if the cluster's level allows that fact.
        private static func expectWatching(_ bed: Testbed, isWritten: Bool) async throws {
            let names = isWritten ? ("carol", "dave") : ("alice", "bob")
            let call = bed.newCall()
            let caller = try await bed.device(names.0, "phone", at: "n1")
            let picker = try await bed.device(names.1, "phone", at: "n2")
            let bystander = try await bed.device(names.1, "laptop", at: "n3")
            for device in [caller, picker, bystander] { try await device.connect() }
            try await caller.send(.invite(picker.address.user.text), in: call)
            for device in [picker, bystander] { try await device.wait("it rings") { $0.has("invite", in: call) } }
            try await picker.send(.accept, in: call)
            try await bystander.wait("answered elsewhere") { $0.has("ended answered_elsewhere", in: call) }
            try await caller.send(.hangup, in: call)
            for device in [caller, picker] {
                try await device.wait("the end is told") { $0.has("ended hangup", in: call) }
            }
            #expect(bystander.seen.has("elsewhere phone", in: call) == isWritten)
        }
    }
}

/// Calls that the probe makes through the balancer until it is told to stop; each is checked by the probe itself.
private final class Load: Sendable {
    private let isStopping = Mutex(false)

    /// Runs something while calls are made, and expects that none has failed.
    static func during(_ cluster: LocalCluster, _ body: () async throws -> Void) async throws {
        let load = Load()
        async let made = load.run(cluster)
        do {
            try await body()
        } catch {
            load.isStopping.withLock { $0 = true }
            _ = try? await made
            throw error
        }
        load.isStopping.withLock { $0 = true }
        let (calls, failures) = try await made
        print("calls during three rolls of all nodes: \(calls)")
        #expect(calls > 100)
        #expect(failures.isEmpty, "\(failures.joined(separator: "; "))")
    }

    private func run(_ cluster: LocalCluster) async throws -> (calls: Int, failures: [String]) {
        let endpoint = try ServerEndpoint(url: cluster.webSocketURL)
        let tokens = try await TokenMaker(secretFile: cluster.tokenSecretFile)
        var (calls, failures) = (0, [String]())
        while !isStopping.withLock({ $0 }) {
            var run = ProbeRun(endpoints: [endpoint], credentials: .secret(tokens))
            (run.calls, run.rate, run.pairs) = (40, 8, 4)
            let report = try await run.run()
            calls += report.calls
            if report.failed > 0 { failures += report.failures.map { "\($0)" } + ["\(report.failed) calls failed"] }
        }
        return (calls, failures)
    }
}
