import Coordination
import LocalCluster
import Logging
import SwitchboardCore
import SwitchboardProtocol
import Synchronization
import Testing

/// The adapters that the conformance suite runs against.
enum CoordinatorKind: CaseIterable, Sendable, CustomTestStringConvertible {
    case inProcess
    case zooKeeper

    var testDescription: String { "\(self)" }

    /// Runs a test with so many nodes, all available and seeing each other, on an empty registry; checks at the end that every
    /// command was completed exactly once.
    func withNodes(
        _ count: Int, test: String = #function, _ body: (TestCluster) async throws -> Void
    ) async throws {
        let cluster: TestCluster
        switch self {
        case .inProcess: cluster = .inProcess()
        case .zooKeeper: cluster = .zooKeeper(hosts: try await SharedServer.hosts(), root: SharedServer.freshRoot(test))
        }
        for index in 0..<count { try await cluster.join(index) }
        for node in cluster.nodes { try await node.waitForMembers(Set(cluster.nodes.map(\.incarnation.text))) }
        try await body(cluster)
        for node in cluster.nodes { await node.close() }
        for node in cluster.nodes { #expect(node.miscounted.isEmpty, "\(node.incarnation)") }
    }
}

/// Nodes that share a registry.
final class TestCluster: Sendable {
    typealias Factory =
        @Sendable (Incarnation, NodeMember, @escaping CoordinatorEventHandler) throws -> (
            any Coordinator, @Sendable () async -> Void
        )

    private let factory: Factory
    private let joined = Mutex<[TestNode]>([])

    init(factory: @escaping Factory) {
        self.factory = factory
    }

    static func inProcess() -> TestCluster {
        let registry = InProcessRegistry()
        return TestCluster { incarnation, member, events in
            let coordinator = try InProcessCoordinator(
                incarnation: incarnation, member: member, registry: registry, events: events)
            return (coordinator, { await coordinator.close() })
        }
    }

    static func zooKeeper(
        hosts: String, root: String,
        configure: @escaping @Sendable (inout ZooKeeperCoordinatorConfiguration) -> Void = { _ in }
    ) -> TestCluster {
        TestCluster { incarnation, member, events in
            var configuration = ZooKeeperCoordinatorConfiguration(
                hosts: hosts, root: root, incarnation: incarnation, member: member)
            // Outages are what the tests are about.
            configuration.logger.logLevel = .critical
            configure(&configuration)
            let coordinator = try ZooKeeperCoordinator(configuration, events: events)
            return (coordinator, { await coordinator.close() })
        }
    }

    var nodes: [TestNode] { joined.withLock { $0 } }

    subscript(index: Int) -> TestNode { joined.withLock { $0[index] } }

    /// Makes a node, `n<index>.1` unless named otherwise, and waits until it is available.
    @discardableResult
    func join(_ index: Int, named name: String? = nil) async throws -> TestNode {
        let node = try TestNode(name ?? "n\(index).1", make: factory)
        joined.withLock { $0.append(node) }
        try await node.waitUntilAvailable()
        return node
    }
}

/// The one server that all tests share which do it no harm. It ends with the process of the tests.
enum SharedServer {
    private static let ensemble = Task {
        let ensemble = try ZooKeeperEnsemble(servers: 1)
        try await ensemble.start()
        return ensemble
    }
    private static let roots = Atomic<Int>(0)

    static func hosts() async throws -> String { try await ensemble.value.connectString }

    /// A root of the test's own, so that tests do not meet. Two levels, for the coordinator to make both.
    static func freshRoot(_ test: String) -> String {
        "/\(test.filter(\.isLetter))/\(roots.add(1, ordering: .relaxed).newValue)"
    }
}

extension ConversationID {
    /// A conversation that is told from others by a number; they spread over the buckets.
    static func sample(_ number: UInt64) -> ConversationID {
        ConversationID(high: number &* 0x9E37_79B9_7F4A_7C15, low: number)
    }
}
