import SwitchboardCore
public import SwitchboardProtocol

/// A database that all nodes of a simulation share, with the bad days of a real one: answers lost with or without the write,
/// commits that come late, ghosts that a failover takes back, outages, slowness.
///
/// `primary` is what reads see; `standby` is what survives a failover. A clean commit replicates everything before it.
public final class SimulatedStore {
    private let time: VirtualTime
    private let random: SeededGenerator
    private(set) var primary = StoreContents()
    private var standby = StoreContents()
    private var broken: Set<BrokenLane> = []

    public var faults = StoreFaults.none
    /// Nodes, by name, that cannot reach it.
    public var unreachableFrom: Set<String> = []
    /// False: the standby gets nothing for now; what is committed meanwhile are ghosts.
    public var isReplicating = true
    public var fence = Fence.whole
    /// A mutant of a driver: an outcome that cannot be known is reported as a success.
    public var reportsUnknownAsDone = false
    /// A mutant: a commit is reported before the standby has it, ghosts included.
    public var reportsGhostsAsDone = false

    private struct BrokenLane: Hashable {
        var incarnation: Incarnation
        var lane: StoreLane
    }

    init(time: VirtualTime, random: SeededGenerator) {
        self.time = time
        self.random = random
    }

    // MARK: What a node's adapter does

    func submit(_ command: StoreCommand, id: StoreRequestID, from node: SimulatedNode) {
        let lane: BrokenLane? =
            if case .commit(let batch) = command { BrokenLane(incarnation: node.incarnation, lane: batch.lane) } else {
                nil
            }
        let reply = { [time, random, weak self] (result: StoreResult) in
            let delay = random.duration(.microseconds(200)...(.milliseconds(2) + (self?.faults.slowness ?? .zero)))
            time.after(delay) {
                // A connection that broke meanwhile brings no answer any more.
                let isLost = lane.map { self?.broken.contains($0) == true } ?? false
                var result = result
                if isLost, case .committed = result { result = .unknown(reason: "simulated: connection lost") }
                node.received(.store(.completed(id, result)))
            }
        }
        guard !unreachableFrom.contains(node.name) else {
            return time.after(random.duration(.milliseconds(5)...(.milliseconds(200)))) {
                node.received(.store(.completed(id, .unavailable(reason: "simulated: unreachable"))))
            }
        }
        time.after(random.duration(.microseconds(200)...(.milliseconds(2)))) { [weak self] in
            guard let self else { return }
            if case .commit(let batch) = command {
                commit(batch, id, node, reply)
            } else {
                answer(command, reply)
            }
        }
    }

    private func commit(
        _ batch: StoreBatch, _ id: StoreRequestID, _ node: SimulatedNode, _ reply: @escaping (StoreResult) -> Void
    ) {
        if broken.contains(BrokenLane(incarnation: node.incarnation, lane: batch.lane)) {
            return reply(.unavailable(reason: "simulated: the lane is broken"))
        }
        let fate = faults.fate(random)
        switch isReplicating || fate == .unavailable ? fate : .ghost {
        case .clean: reply(.committed(apply(batch)))
        case .unavailable: reply(.unavailable(reason: "simulated: deadlock"))
        case .ghost:
            let result = primary.commit(batch, at: time.now, fence: fence)
            reply(
                reportsGhostsAsDone ? .committed(result) : .unknown(reason: "simulated: wait for the standby cancelled")
            )
        case .lostAnswer:
            breakLane(batch, id, node, done: apply(batch))
        case .lostRequest:
            breakLane(batch, id, node, done: Self.claimed(batch))
        case .late:
            breakLane(batch, id, node, done: Self.claimed(batch))
            time.after(random.duration(.milliseconds(1)...(.milliseconds(400)))) { [weak self] in
                _ = self?.apply(batch)
            }
        }
    }

    private func apply(_ batch: StoreBatch) -> StoreBatchResult {
        let result = primary.commit(batch, at: time.now, fence: fence)
        replicate()
        return result
    }

    private func replicate() {
        if isReplicating { standby = primary }
    }

    /// What a driver would say that takes an unknown outcome for a success.
    private static func claimed(_ batch: StoreBatch) -> StoreBatchResult {
        StoreBatchResult(
            appends: batch.appends.map { .committed($0.born ?? LogDay(0)) },
            confirmations: batch.confirmations.map { _ in true })
    }

    /// The lane's connection is gone: said first, then the outcome, then, a while later, that there is a new one.
    private func breakLane(_ batch: StoreBatch, _ id: StoreRequestID, _ node: SimulatedNode, done: StoreBatchResult) {
        let lane = BrokenLane(incarnation: node.incarnation, lane: batch.lane)
        broken.insert(lane)
        let isMutant = reportsUnknownAsDone
        time.after(random.duration(.milliseconds(1)...(.milliseconds(100)))) { [time, random, weak self] in
            if !isMutant {
                node.received(.store(.laneLost(batch.lane, reason: "simulated")))
            }
            node.received(
                .store(.completed(id, isMutant ? .committed(done) : .unknown(reason: "simulated: connection lost"))))
            time.after(random.duration(.milliseconds(1)...(.milliseconds(150)))) {
                self?.broken.remove(lane)
                node.received(.store(.laneRestored(batch.lane)))
            }
        }
    }

    private func answer(_ command: StoreCommand, _ reply: @escaping (StoreResult) -> Void) {
        // What writes waits for the standby, and gives up in the end.
        let written: StoreResult = isReplicating ? .done : .unknown(reason: "simulated: the standby does not answer")
        switch command {
        case .commit: break
        case .load(let id): reply(.loaded(primary.load(id, at: time.now)))
        case .readLog(let id, let range): reply(.read(primary.read(id, range, at: time.now)))
        case .announce(let rows):
            primary.announce(rows)
            replicate()
            guard isReplicating else { return reply(written) }
            // Read with a snapshot of its own, later than the insert.
            time.after(random.duration(.microseconds(10)...(.milliseconds(1)))) { [weak self] in
                guard let self else { return }
                reply(.announced(primary.liveConversations(of: Set(rows.map(\.key.address.user)))))
            }
        case .withdraw(let keys):
            primary.withdraw(keys)
            replicate()
            reply(written)
        case .forget(let incarnation):
            primary.forget(incarnation)
            replicate()
            reply(written)
        case .readPresence(let users): reply(.presence(primary.readPresence(users)))
        case .readOwnPresence(let incarnation): reply(.presence(primary.readOwnPresence(incarnation)))
        case .readPresentIncarnations: reply(.incarnations(primary.presentIncarnations))
        case .scanOrphans(let living, let slice, let slices, let grace, let limit):
            primary.dropCommands()
            reply(
                .orphans(
                    primary.orphans(
                        living: living, slice: slice, slices: slices, grace: grace, limit: limit, at: time.now)))
        case .terminateSessions: reply(.done)
        case .collect(let age, let limit):
            primary.collect(endedBefore: age, limit: limit, at: time.now)
            replicate()
            reply(written)
        case .probe:
            replicate()  // a probe is a small commit
            reply(written)
        case .readFeatureLevel: reply(.featureLevel(primary.featureLevel))
        }
    }

    // MARK: What operators and push endpoints do

    /// The level that the nodes are told; a new store has that of this build.
    public var featureLevel: UInt32 {
        get { primary.featureLevel }
        set {
            primary.featureLevel = newValue
            replicate()
        }
    }

    /// The push outbox, for a dispatcher that runs in the same virtual time.
    public var pushes: PushOutboxContents {
        get { primary.pushes }
        set {
            primary.pushes = newValue
            replicate()
        }
    }

    // MARK: Faults by hand

    /// The primary is lost and the standby takes over: what was not replicated is gone, and all connections with it.
    func failOver(_ nodes: [SimulatedNode]) {
        primary = standby
        isReplicating = true
        for node in nodes {
            for lane in node.storeLanes {
                let key = BrokenLane(incarnation: node.incarnation, lane: lane)
                guard broken.insert(key).inserted else { continue }
                node.received(.store(.laneLost(lane, reason: "simulated: failover")))
                time.after(random.duration(.milliseconds(50)...(.milliseconds(500)))) { [weak self] in
                    self?.broken.remove(key)
                    node.received(.store(.laneRestored(lane)))
                }
            }
        }
    }

    // MARK: What a checker reads

    /// Every entry of every log that survives a failover, from the first on.
    public var logs: [ConversationID: [LogEntry]] {
        standby.conversations.mapValues { $0.entries.map(\.entry) }
    }

    /// When conversations ended.
    public var endTimes: [ConversationID: Duration] { standby.conversations.compactMapValues(\.endedAt) }

    public var liveConversations: [ConversationID] {
        primary.conversations.filter { $0.value.endedAt == nil }.keys.sorted()
    }

    /// The calls that pairs of users are making, as the store has them.
    public var pairs: [PairKey: PairHolder] { primary.pairs }
}
