public import SwitchboardCore
public import SwitchboardProtocol

/// Nodes, a store, an ensemble, links and clients in one process, in virtual time, all from one seed.
///
/// Machines have names ("a", "b", …); a restart gives a machine a new node with a new incarnation. Not for several threads.
public final class SimulatedCluster {
    public let seed: UInt64
    public let time = VirtualTime()
    public let random: SeededGenerator
    public let store: SimulatedStore
    public let coordinator: SimulatedCoordinator
    public let history = History()
    public let trace = Trace()
    let network: PeerNetwork
    /// The newest node of each machine, alive or not.
    public private(set) var nodes: [String: SimulatedNode] = [:]
    public private(set) var clients: [DeviceAddress: SimulatedClient] = [:]
    private var starts: [String: Int] = [:]
    private let configure: (inout NodeConfiguration) -> Void
    /// Who may call whom.
    public var policy: (ProposedCall) -> CallVerdict = { _ in .allowed }

    /// - Parameter configure: Changes the configuration of every node at its start; the simulation's own has short times.
    public init(
        seed: UInt64, nodes names: [String] = ["a", "b", "c"], recordsTrace: Bool = false,
        configure: @escaping (inout NodeConfiguration) -> Void = { _ in }
    ) {
        self.seed = seed
        self.configure = configure
        random = SeededGenerator(seed: seed)
        store = SimulatedStore(time: time, random: random)
        coordinator = SimulatedCoordinator(time: time, random: random)
        network = PeerNetwork(time: time, random: random)
        trace.isRecording = recordsTrace
        for name in names {
            startNode(name)
        }
    }

    /// Ends the simulation and lets go of what it holds.
    public func stop() {
        time.stop()
    }

    // MARK: Nodes

    @discardableResult
    public func startNode(_ name: String) -> SimulatedNode {
        starts[name, default: 0] += 1
        var configuration = NodeConfiguration(
            incarnation: Incarnation(trusted: "\(name).\(starts[name] ?? 0)"), name: name)
        configuration.pingInterval = .seconds(4)
        configuration.scanInterval = .seconds(2)
        configuration.deadlineGrace = .seconds(3)
        configuration.endedRetention = .seconds(10)
        configuration.writerLanes = 2
        configuration.leadership.minimumDeadlineAfterRestore = .seconds(5)
        configuration.leadership.call.ringTimeout = .seconds(15)
        configuration.leadership.call.connectTimeout = .seconds(10)
        configure(&configuration)
        let node = SimulatedNode(name: name, configuration: configuration, cluster: self)
        nodes[name] = node
        trace.note("start \(node.incarnation)", at: time.now)
        time.after(random.duration(.milliseconds(1)...(.milliseconds(20)))) { [weak self] in
            self?.coordinator.register(node)
        }
        return node
    }

    public var livingNodes: [SimulatedNode] {
        nodes.keys.sorted().compactMap { nodes[$0] }.filter { $0.isAlive && !$0.isFrozen }
    }

    func nodeToConnect(preferring names: [String], only: Bool) -> SimulatedNode? {
        for name in names {
            if let node = nodes[name], node.isAlive { return node }
        }
        if only { return nil }
        return random.pick(nodes.keys.sorted().compactMap { nodes[$0] }.filter(\.isAlive))
    }

    /// The living node that leads a conversation, by its own word.
    public func leader(of conversation: ConversationID) -> SimulatedNode? {
        livingNodes.filter { $0.core.leader(of: conversation)?.leader == $0.incarnation }
            .max { left, right in
                (left.core.leader(of: conversation)?.epoch ?? 0) < (right.core.leader(of: conversation)?.epoch ?? 0)
            }
    }

    // MARK: Faults

    /// A mutant: links lose frames without a word.
    public var lostFrames: Double {
        get { network.lostFrames }
        set { network.lostFrames = newValue }
    }

    /// The process ends at once, with everything in its memory.
    public func crash(_ name: String) {
        guard let node = nodes[name], node.isAlive else { return }
        trace.note("crash \(node.incarnation)", at: time.now)
        node.crash()
        network.crashed(node)
        coordinator.silent(node)
    }

    /// Another process on the same machine, knowing nothing.
    public func restart(_ name: String) {
        if nodes[name]?.isAlive == true { crash(name) }
        startNode(name)
    }

    /// The node leaves in order: its clients are sent away over that time, and its conversations are others'.
    public func drain(_ name: String, spread: Duration) {
        trace.note("drain \(name)", at: time.now)
        nodes[name]?.received(.drainRequested(spread: spread))
    }

    public func freeze(_ name: String) {
        guard let node = nodes[name], node.isAlive, !node.isFrozen else { return }
        trace.note("freeze \(node.incarnation)", at: time.now)
        node.freeze()
        network.frozen(node)
        coordinator.silent(node)
    }

    public func resume(_ name: String) {
        trace.note("resume \(name)", at: time.now)
        nodes[name]?.resume()
    }

    /// Frames from one machine to another get stuck.
    public func cutPeers(from: String, to: String) {
        trace.note("cut \(from) → \(to)", at: time.now)
        network.cut(from: from, to: to)
    }

    public func healPeers() {
        trace.note("heal links", at: time.now)
        network.heal()
    }

    public func cutCoordinator(_ name: String) {
        trace.note("cut \(name) from the coordinator", at: time.now)
        coordinator.unreachableFrom.insert(name)
        if let node = nodes[name] { coordinator.silent(node) }
    }

    public func failOverStore() {
        trace.note("store failover", at: time.now)
        store.failOver(nodes.keys.sorted().compactMap { nodes[$0] })
    }

    /// The dispatcher of a node has heard from a provider.
    public func pushAnswered(
        _ conversation: ConversationID, _ endpoint: PushEndpointID, taken: Bool, at name: String
    ) {
        nodes[name]?.received(.pushAnswered(conversation, endpoint, taken: taken))
    }

    // MARK: Clients

    /// - Parameter learned: A call of which the device was told by other means before it connects.
    @discardableResult
    public func addClient(
        _ user: String, _ device: String, on preferred: [String] = [], pinned: Bool = false,
        learned: ConversationID? = nil
    ) -> SimulatedClient {
        let address = DeviceAddress(user: UserID(trusted: user), device: DeviceID(trusted: device))
        let client = SimulatedClient(address, cluster: self)
        client.preferredNodes = preferred
        client.isPinned = pinned
        if let learned { client.learn(learned) }
        clients[address] = client
        client.start()
        return client
    }

    /// A conversation id of this run.
    public func newConversation() -> ConversationID {
        ConversationID(high: random.next(), low: random.next())
    }

    /// Lets time pass until the condition holds.
    public func run(for limit: Duration = .seconds(10), until condition: () -> Bool) -> Bool {
        time.run(for: limit, until: condition)
    }

    public func run(for duration: Duration) {
        time.run(until: time.now + duration)
    }
}
