import SwitchboardProtocol

/// Calls of two users with some devices each, while everything goes wrong that may; then all is healed, and everything has to
/// come to an end. All of it follows from the seed.
public struct RandomCalls {
    /// Which faults there are, and how long.
    public struct Weather: Sendable {
        public var duration: Duration = .seconds(12)
        public var crashes = true
        public var freezes = true
        public var cuts = true
        public var coordinatorOutages = true
        public var storeFaults = 0.02
        public var storeOutages = true
        public var failovers = true
        public var clientFaults = true
        /// Between two faults.
        public var pause: ClosedRange<Duration> = .milliseconds(200)...(.milliseconds(2500))

        public init() {}

        public static var fair: Weather {
            var weather = Weather()
            (weather.crashes, weather.freezes, weather.cuts) = (false, false, false)
            (weather.coordinatorOutages, weather.storeOutages, weather.failovers) = (false, false, false)
            (weather.storeFaults, weather.clientFaults) = (0, false)
            return weather
        }
    }

    public struct Outcome {
        public var violations: [HistoryChecker.Violation]
        /// What did not drain; nil: everything did.
        public var undrained: String?
        public var calls: Int
        public var deliveries: Int
        public var steps: UInt64
        public var digest: UInt64

        public var isGood: Bool { violations.isEmpty && undrained == nil }
    }

    public let cluster: SimulatedCluster
    private let weather: Weather
    private var agents: [CallAgent] = []
    private var random: SeededGenerator { cluster.random }
    /// How long everything may take to come to an end once all is healed.
    public var patience: Duration = .seconds(90)

    /// - Parameter recordsTrace: Keeps the story for `cluster.trace`.
    public init(seed: UInt64, weather: Weather = Weather(), recordsTrace: Bool = false) {
        cluster = SimulatedCluster(seed: seed, recordsTrace: recordsTrace)
        self.weather = weather
        for user in ["alice", "bob"] {
            for device in 1...cluster.random.number(1...3) {
                agents.append(CallAgent(cluster.addClient(user, "d\(device)"), cluster))
            }
        }
    }

    /// Runs it to its end. May be called once.
    public func run() -> Outcome {
        defer { cluster.stop() }
        cluster.run(for: .milliseconds(500))
        cluster.store.faults = .mixed(weather.storeFaults)
        cluster.coordinator.lostAnswers = weather.storeFaults
        let end = cluster.time.now + weather.duration
        scheduleCalls(until: end)
        scheduleFault(until: end)
        cluster.run(for: weather.duration)
        heal()
        cluster.run(for: .seconds(2))
        for agent in agents { agent.retire() }
        let isDrained = cluster.time.run(for: patience, asking: .milliseconds(500)) {
            HistoryChecker.isDrained(cluster)
        }
        // What is too much would come now.
        cluster.run(for: .seconds(2))
        return Outcome(
            violations: HistoryChecker.check(cluster),
            undrained: isDrained ? nil : HistoryChecker.undrained(cluster) ?? "drained only after the time limit",
            calls: cluster.store.logs.count,
            deliveries: cluster.history.deliveries,
            steps: cluster.time.steps, digest: cluster.trace.digest)
    }

    private func scheduleCalls(until end: Duration) {
        for _ in 0..<random.number(1...4) {
            let start = random.duration(.zero...(weather.duration * 0.7))
            let isReverse = random.chance(0.3)
            cluster.time.after(start) { [cluster, agents] in
                let mine = agents.filter { $0.user == (isReverse ? "bob" : "alice") }
                cluster.random.pick(mine)?.call(isReverse ? "alice" : "bob")
            }
        }
    }

    // MARK: Faults

    private func scheduleFault(until end: Duration) {
        cluster.time.after(random.duration(weather.pause)) { [self] in
            guard cluster.time.now < end else { return }
            fault()
            scheduleFault(until: end)
        }
    }

    private func fault() {
        var faults: [() -> Void] = []
        if weather.crashes { faults += [crash, crash] }
        if weather.freezes { faults += [freeze, freeze] }
        if weather.cuts { faults += [cut, cut] }
        if weather.coordinatorOutages { faults += [coordinatorOutage, coordinatorCut] }
        if weather.storeOutages { faults += [storeOutage, slowStore] }
        if weather.failovers { faults += [cluster.failOverStore, stallReplication] }
        if weather.clientFaults { faults += [breakSocket, breakSocket, offline, restartClient] }
        random.pick(faults)?()
    }

    private func someNode() -> String? {
        random.pick(cluster.livingNodes.map(\.name))
    }

    private func crash() {
        // Somebody must be left to go on with.
        guard cluster.livingNodes.count > 1, let name = someNode() else { return }
        cluster.crash(name)
        cluster.time.after(random.duration(.milliseconds(100)...(.milliseconds(4000)))) { [cluster] in
            if cluster.nodes[name]?.isAlive != true { cluster.restart(name) }
        }
    }

    private func freeze() {
        guard cluster.livingNodes.count > 1, let name = someNode() else { return }
        cluster.freeze(name)
        cluster.time.after(random.duration(.milliseconds(200)...(.milliseconds(5000)))) { [cluster] in
            cluster.resume(name)
        }
    }

    private func cut() {
        let names = cluster.nodes.keys.sorted()
        guard let from = random.pick(names), let to = random.pick(names.filter { $0 != from }) else { return }
        cluster.cutPeers(from: from, to: to)
        if random.chance(0.5) { cluster.cutPeers(from: to, to: from) }
        cluster.time.after(random.duration(.milliseconds(100)...(.milliseconds(4000)))) { [cluster] in
            cluster.healPeers()
        }
    }

    private func coordinatorOutage() {
        cluster.coordinator.isDown = true
        cluster.time.after(random.duration(.milliseconds(100)...(.milliseconds(3000)))) { [cluster] in
            cluster.coordinator.isDown = false
        }
    }

    private func coordinatorCut() {
        guard let name = someNode() else { return }
        cluster.cutCoordinator(name)
        cluster.time.after(random.duration(.milliseconds(500)...(.milliseconds(5000)))) { [cluster] in
            cluster.coordinator.unreachableFrom.remove(name)
        }
    }

    private func storeOutage() {
        let names = random.chance(0.3) ? cluster.nodes.keys.sorted() : someNode().map { [$0] } ?? []
        cluster.store.unreachableFrom.formUnion(names)
        cluster.time.after(random.duration(.milliseconds(200)...(.milliseconds(4000)))) { [cluster] in
            cluster.store.unreachableFrom.subtract(names)
        }
    }

    /// The standby falls behind; then it catches up, or takes over as it is.
    private func stallReplication() {
        cluster.store.isReplicating = false
        let isLossy = random.chance(0.6)
        cluster.time.after(random.duration(.milliseconds(50)...(.milliseconds(900)))) { [cluster] in
            if isLossy { cluster.failOverStore() } else { cluster.store.isReplicating = true }
        }
    }

    private func slowStore() {
        cluster.store.faults.slowness = .milliseconds(400)
        cluster.time.after(random.duration(.milliseconds(200)...(.milliseconds(2000)))) { [cluster] in
            cluster.store.faults.slowness = .zero
        }
    }

    private func someClient() -> SimulatedClient? {
        random.pick(cluster.clients.keys.sorted()).flatMap { cluster.clients[$0] }
    }

    private func breakSocket() {
        someClient()?.breakSocket(nodeNotices: random.duration(.zero ... .milliseconds(3000)))
    }

    private func offline() {
        guard let client = someClient() else { return }
        client.setOnline(false)
        cluster.time.after(random.duration(.milliseconds(100)...(.milliseconds(4000)))) { client.setOnline(true) }
    }

    private func restartClient() {
        someClient()?.restart(keepsOutbox: random.chance(0.7))
    }

    /// Everything works again, and stays so.
    private func heal() {
        cluster.store.faults = .none
        cluster.store.unreachableFrom = []
        cluster.store.isReplicating = true
        cluster.coordinator.lostAnswers = 0
        cluster.coordinator.isDown = false
        cluster.coordinator.unreachableFrom = []
        cluster.healPeers()
        for name in cluster.nodes.keys.sorted() {
            cluster.resume(name)
            if cluster.nodes[name]?.isAlive == false { cluster.restart(name) }
        }
        for address in cluster.clients.keys.sorted() {
            cluster.clients[address]?.setOnline(true)
        }
    }
}

extension CallAgent {
    var user: String { client.address.user.text }
}
