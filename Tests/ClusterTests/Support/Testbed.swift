import LocalCluster
import SwiftProtobuf
import SwitchboardClient
import SwitchboardProbe
import SwitchboardProtocol
import SwitchboardTestKit
import Synchronization
import Testing

/// A whole cluster, and the devices of one test.
final class Testbed: Sendable {
    let cluster: LocalCluster
    let database: ClusterDatabase
    private let tokens: TokenMaker
    private let devices = Mutex<[TestDevice]>([])
    private let relays = Mutex<[SwitchingRelay]>([])
    private let toBeReplaced = Mutex<Set<ObjectIdentifier>>([])
    private let calls = Mutex<[ConversationID]>([])
    /// Users are new in each test, for calls of an earlier one may still be alive.
    private let run = String(UInt32.random(in: .min ... .max), radix: 36)

    private init(_ cluster: LocalCluster) async throws {
        self.cluster = cluster
        database = try ClusterDatabase(cluster.postgres)
        tokens = try await TokenMaker(secretFile: cluster.tokenSecretFile)
    }

    /// Runs a test on the cluster that all tests share, healed before.
    static func run(_ test: (Testbed) async throws -> Void) async throws {
        try await run(on: SharedCluster.shared.cluster(), test)
    }

    /// Runs a test on a cluster that is up, and holds what its devices saw against the logs.
    static func run(on cluster: LocalCluster, _ test: (Testbed) async throws -> Void) async throws {
        try await cluster.settle()
        let bed = try await Testbed(cluster)
        do {
            try await test(bed)
            try await bed.checkHistory()
        } catch {
            bed.tellAboutFailure()
            await bed.close()
            throw error
        }
        await bed.close()
    }

    func user(_ name: String) -> String { "\(name)-\(run)" }

    /// A device that goes to a node, or through a relay or the balancer.
    func device(_ user: String, _ name: String, port: Int, connections: UInt32 = 0) async throws -> TestDevice {
        let device = try TestDevice(
            self.user(user), name, port: port, token: try await tokens.token(for: self.user(user)),
            connections: connections)
        devices.withLock { $0.append(device) }
        return device
    }

    func device(_ user: String, _ name: String, at node: String, connections: UInt32 = 0) async throws -> TestDevice {
        try await device(user, name, port: cluster.clientPort(of: node), connections: connections)
    }

    func relay(to node: String) async throws -> SwitchingRelay {
        let relay = try await SwitchingRelay.start(to: cluster.clientPort(of: node))
        relays.withLock { $0.append(relay) }
        return relay
    }

    /// The end of this device's session by a newer connection is no fault.
    func expectsReplacement(of device: TestDevice) {
        _ = toBeReplaced.withLock { $0.insert(ObjectIdentifier(device)) }
    }

    /// The id of a new call.
    func newCall() -> ConversationID {
        var generator = SystemRandomNumberGenerator()
        let call = ConversationID(high: generator.next(), low: generator.next())
        calls.withLock { $0.append(call) }
        return call
    }

    /// Waits until a node that it can name leads a call.
    func leader(of call: ConversationID) async throws -> CallLeader {
        var found: CallLeader?
        try await waitUntil("somebody leads \(call)", within: .seconds(10)) {
            found = try await cluster.leader(of: call.description)
            return found != nil
        }
        guard let found else { throw LocalClusterError.failed("nobody leads \(call)") }
        return found
    }

    // MARK: The end

    /// What a signaling server promises, held against all that was seen and all that is in the logs.
    private func checkHistory() async throws {
        var logs: [ConversationID: [LogEntry]] = [:]
        for call in calls.withLock({ $0 }) { logs[call] = try await database.log(of: call).map(\.entry) }
        let history = History()
        var records: [(at: ContinuousClock.Instant, device: TestDevice, connection: UInt32, event: History.Event)] = []
        for device in devices.withLock({ $0 }) {
            var connection: UInt32 = 0
            for entry in device.seen.entries {
                switch entry.content {
                case .queued(let call, let number, let message):
                    let event = History.Event.queued(call, device.outbox, number: number, message)
                    records.append((entry.at, device, connection, event))
                case .told(.ended(.refused(code: 4502, _)))
                where toBeReplaced.withLock { $0.contains(ObjectIdentifier(device)) }:
                    continue
                case .told(let event):
                    if case .welcomed = event { connection += 1 }
                    if case .delivered(_, let delivery) = event {
                        let frame = WireServerFrame.with { $0.deliver = delivery }
                        records.append((entry.at, device, connection, .received(frame)))
                    }
                    records.append((entry.at, device, connection, .told(event)))
                }
            }
        }
        let start = records.map(\.at).min() ?? .now
        for record in records.sorted(by: { $0.at < $1.at }) {
            history.note(
                record.event, device: record.device.address, connection: record.connection, at: record.at - start)
        }
        for violation in HistoryChecker.check(history, logs: logs.filter { !$0.value.isEmpty }) {
            Issue.record("broken promise \(violation)")
        }
    }

    private func tellAboutFailure() {
        for device in devices.withLock({ $0 }) { print("--- \(device.address)\n\(device.summary)") }
        for node in cluster.topology.nodes {
            guard let file = try? cluster.logFile(of: node.name) else { continue }
            print("--- \(node.name)\n\(LogFile.tail(of: file, lines: 40))")
        }
    }

    private func close() async {
        for device in devices.withLock({ $0 }) { await device.close() }
        for relay in relays.withLock({ $0 }) { await relay.close() }
        await database.close()
    }
}

/// The cluster that most tests share: it takes seconds to start, and is whole again after each of them.
actor SharedCluster {
    static let shared = SharedCluster()

    private var starting: Task<LocalCluster, any Error>?

    func cluster() async throws -> LocalCluster {
        if let starting { return try await starting.value }
        let task = Task {
            let cluster = try LocalCluster(topology: .free(nodes: 3, zooKeepers: 3))
            try await cluster.up()
            return cluster
        }
        starting = task
        return try await task.value
    }
}
