import SwitchboardCore
public import SwitchboardProtocol

/// An ensemble that all nodes of a simulation share: elections by create and conditional set, registrations that end with
/// their session, outages, nodes that are cut off.
public final class SimulatedCoordinator {
    private struct Leader {
        var incarnation: Incarnation
        var version: Int32
    }

    private let time: VirtualTime
    private let random: SeededGenerator
    private var leaders: [ConversationID: Leader] = [:]
    private var members: [Incarnation: NodeMember] = [:]
    private var sessions: [Incarnation: SimulatedNode] = [:]

    /// Silence after which a registration is taken back.
    public var sessionTimeout: Duration = .seconds(2)
    /// No quorum: nothing is decided, and no session ends.
    public var isDown = false
    /// Nodes, by name, that cannot reach it.
    public var unreachableFrom: Set<String> = []
    /// Commands whose answer is lost, executed or not.
    public var lostAnswers = 0.0

    init(time: VirtualTime, random: SeededGenerator) {
        self.time = time
        self.random = random
    }

    // MARK: Sessions

    func register(_ node: SimulatedNode) {
        guard node.isAlive else { return }
        guard !isDown, !unreachableFrom.contains(node.name) else {
            return time.after(.milliseconds(300)) { [weak self] in self?.register(node) }
        }
        let isNew = sessions.updateValue(node, forKey: node.incarnation) == nil
        let markers = members[node.incarnation]?.markers ?? []
        members[node.incarnation] = NodeMember(
            address: PeerAddress(host: node.name, port: 1), datacenter: "here", featureLevel: FeatureLevel.newest,
            software: "simulated",
            markers: markers)
        if isNew {
            tellMembers()
            time.after(.milliseconds(40)) { node.received(.coordinator(.availability(true))) }
        }
    }

    /// The node is not heard of any more, for now at least: its session ends unless it is back in time.
    func silent(_ node: SimulatedNode) {
        time.after(sessionTimeout) { [weak self] in self?.expire(node) }
    }

    private func expire(_ node: SimulatedNode) {
        guard sessions[node.incarnation] != nil else { return }
        guard !node.isAlive || node.isFrozen || unreachableFrom.contains(node.name) else { return }
        guard !isDown else {
            // Without a quorum sessions do not end; once there is one again, they have their whole time.
            return time.after(sessionTimeout) { [weak self] in self?.expire(node) }
        }
        sessions[node.incarnation] = nil
        members[node.incarnation] = nil
        tellMembers()
        // Its adapter will register the same incarnation again when it learns of this.
        registerAgain(node)
    }

    private func registerAgain(_ node: SimulatedNode) {
        guard node.isAlive else { return }
        guard !node.isFrozen, !unreachableFrom.contains(node.name), !isDown else {
            return time.after(.milliseconds(200)) { [weak self] in self?.registerAgain(node) }
        }
        node.received(.coordinator(.availability(false)))
        time.after(random.duration(.milliseconds(1)...(.milliseconds(20)))) { [weak self] in self?.register(node) }
    }

    /// Everybody hears of the members as they are when the news arrives: late news are the newest.
    private func tellMembers() {
        for incarnation in sessions.keys.sorted() {
            guard let node = sessions[incarnation] else { continue }
            time.after(random.duration(.milliseconds(1)...(.milliseconds(30)))) { [weak self] in
                self?.tellMembers(node)
            }
        }
    }

    private func tellMembers(_ node: SimulatedNode) {
        guard node.isAlive else { return }
        guard !isDown, !unreachableFrom.contains(node.name) else {
            return time.after(.milliseconds(200)) { [weak self] in self?.tellMembers(node) }
        }
        node.received(.coordinator(.membersChanged(members)))
    }

    // MARK: Commands

    func submit(_ command: CoordinatorCommand, id: CoordinatorRequestID, from node: SimulatedNode) {
        let reply = { [time, random] (result: CoordinatorResult, slowest: Duration) in
            time.after(random.duration(.microseconds(200)...slowest)) {
                node.received(.coordinator(.completed(id, result)))
            }
        }
        time.after(random.duration(.microseconds(200)...(.milliseconds(3)))) { [weak self] in
            guard let self else { return }
            guard !isDown, !unreachableFrom.contains(node.name) else {
                return reply(.unavailable(reason: "simulated: no quorum"), .milliseconds(300))
            }
            if random.chance(lostAnswers) {
                if random.chance(0.5) { _ = execute(command, node) }
                return reply(.unavailable(reason: "simulated: answer lost"), .milliseconds(100))
            }
            reply(execute(command, node), .milliseconds(3))
        }
    }

    private func execute(_ command: CoordinatorCommand, _ node: SimulatedNode) -> CoordinatorResult {
        switch command {
        case .create(let id, let leader):
            if let existing = leaders[id] { return .leads(existing.incarnation, version: existing.version) }
            leaders[id] = Leader(incarnation: leader, version: 0)
            return .won(version: 0)
        case .read(let id, _):
            guard let existing = leaders[id] else { return .absent }
            return .leads(existing.incarnation, version: existing.version)
        case .claim(let id, let leader, let version):
            guard let existing = leaders[id] else { return .absent }
            guard existing.version == version else { return .leads(existing.incarnation, version: existing.version) }
            leaders[id] = Leader(incarnation: leader, version: version + 1)
            return .won(version: version + 1)
        case .delete(let claims):
            for claim in claims where leaders[claim.conversation]?.version == claim.version {
                leaders[claim.conversation] = nil
            }
            return .done
        case .mark(let marker, let isSet):
            guard members[node.incarnation] != nil else { return .unavailable(reason: "simulated: no session") }
            if isSet {
                members[node.incarnation]?.markers.insert(marker)
            } else {
                members[node.incarnation]?.markers.remove(marker)
            }
            tellMembers()
            return .done
        }
    }

    // MARK: Faults by hand

    /// A new, empty ensemble: all nodes register again, nobody leads anything.
    public func wipe() {
        leaders = [:]
    }

    /// Whom the coordinator names; for tests.
    public func leader(of id: ConversationID) -> Incarnation? { leaders[id]?.incarnation }
}
