import DelayProxy
import LocalCluster
import SwitchboardClient
import SwitchboardProtocol
import SwitchboardTestKit

/// A cluster with distances: its nodes reach the database and the ensemble, and clients reach the nodes, through proxies that
/// delay.
final class FarCluster: Sendable {
    let cluster: LocalCluster
    private let stores: [DelayProxy]
    private let fronts: [String: DelayProxy]

    private init(_ cluster: LocalCluster, stores: [DelayProxy], fronts: [String: DelayProxy]) {
        self.cluster = cluster
        self.stores = stores
        self.fronts = fronts
    }

    /// Brings it up, with no distance yet, and ends it afterwards.
    static func with(_ body: (FarCluster) async throws -> Void) async throws {
        let topology = try Topology.free(nodes: 3, zooKeepers: 3)
        let database = try await DelayProxy.start(to: topology.postgresPort, delay: .zero)
        var ensemble: [DelayProxy] = []
        // Three ports for each server, of which the first is the clients'.
        for index in 0..<topology.zooKeeperCount {
            ensemble.append(try await DelayProxy.start(to: topology.zooKeeperPorts[3 * index], delay: .zero))
        }
        var fronts: [String: DelayProxy] = [:]
        for node in topology.nodes { fronts[node.name] = try await DelayProxy.start(to: node.listenPort, delay: .zero) }

        var options = LocalClusterOptions()
        let direct = try LocalCluster(topology: topology).postgres.url
        options.nodeEnvironment = [
            "POSTGRES_URL": direct.replacing(":\(topology.postgresPort)/", with: ":\(database.port)/"),
            "ZOOKEEPER_HOSTS": ensemble.map { "127.0.0.1:\($0.port)" }.joined(separator: ","),
        ]
        let far = FarCluster(
            try LocalCluster(topology: topology, options: options), stores: [database] + ensemble, fronts: fronts)
        do {
            try await far.cluster.up()
            try await body(far)
            try await far.close()
        } catch {
            try? await far.close()
            throw error
        }
    }

    /// In one direction.
    func setDistance(ofStores stores: Duration = .zero, ofClients clients: Duration = .zero) {
        for proxy in self.stores { proxy.setDelay(stores) }
        for proxy in fronts.values { proxy.setDelay(clients) }
    }

    /// Where clients of a node connect, as far away as they are.
    func clientPort(of node: String) throws -> Int {
        guard let proxy = fronts[node] else {
            throw LocalClusterError.unknownPart(name: node, known: fronts.keys.sorted())
        }
        return proxy.port
    }

    private func close() async throws {
        setDistance()
        try await cluster.down()
        for proxy in stores + Array(fronts.values) { await proxy.close() }
    }
}

extension DeviceLog {
    /// When the application sent the first message of this kind in a call.
    func sentAt(_ label: String, in call: ConversationID) -> ContinuousClock.Instant? {
        entries.first { entry in
            guard case .queued(call, _, let message) = entry.content else { return false }
            return message.label == label
        }?.at
    }

    /// When the application was told of the first message of this kind in a call.
    func toldAt(_ label: String, in call: ConversationID) -> ContinuousClock.Instant? {
        entries.first { entry in
            guard case .told(.delivered(call, let delivery)) = entry.content else { return false }
            return delivery.message.label == label
        }?.at
    }
}
