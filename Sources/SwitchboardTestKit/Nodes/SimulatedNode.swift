public import SwitchboardCore
public import SwitchboardProtocol

/// One start of one node: a core and the drivers around it. A crash ends it for good; a restart is another object.
public final class SimulatedNode {
    public let name: String
    public let incarnation: Incarnation
    public private(set) var core: NodeCore
    public private(set) var isAlive = true
    public private(set) var isFrozen = false

    private unowned let cluster: SimulatedCluster
    private let time: VirtualTime
    private let started: Duration
    private var inbox: [NodeEvent] = []
    private var isTurnScheduled = false
    private var scheduledTick: Duration?
    private var lastConnection: UInt64 = 0
    private var sockets: [ConnectionID: ClientSocket] = [:]

    init(name: String, configuration: NodeConfiguration, cluster: SimulatedCluster) {
        self.name = name
        incarnation = configuration.incarnation
        core = NodeCore(configuration)
        self.cluster = cluster
        time = cluster.time
        started = cluster.time.now
        scheduleTick()
    }

    var storeLanes: [StoreLane] {
        (0..<core.configuration.writerLanes).map { .writer($0) } + [.barrier]
    }

    // MARK: Events

    /// Takes an event into the next turn. A stopped process finds it when it goes on.
    func received(_ event: NodeEvent) {
        guard isAlive else { return }
        inbox.append(event)
        scheduleTurn()
    }

    private func scheduleTurn() {
        guard !isTurnScheduled, !isFrozen else { return }
        isTurnScheduled = true
        time.after(cluster.random.duration(.microseconds(10)...(.microseconds(500)))) { [weak self] in
            self?.isTurnScheduled = false
            self?.turn()
        }
    }

    private func turn() {
        guard isAlive, !isFrozen else { return }
        let events = inbox
        inbox = []
        let moment = TurnTime(
            now: Moment(time.now - started), wallMilliseconds: 1_700_000_000_000 + time.now.milliseconds)
        cluster.trace.note(incarnation, events, at: time.now)
        let actions = core.handle(events, at: moment)
        cluster.trace.note(incarnation, actions, at: time.now)
        for action in actions {
            perform(action)
        }
        scheduleTick()
    }

    private func scheduleTick() {
        guard let next = core.nextTimer else { return }
        let due = max(started + next.sinceStart, time.now)
        if let scheduledTick, scheduledTick <= due { return }
        scheduledTick = due
        time.at(due) { [weak self] in
            guard let self, scheduledTick == due else { return }
            scheduledTick = nil
            received(.ticked)
        }
    }

    private func perform(_ action: NodeAction) {
        switch action {
        case .sendToClient(let connection, let frames): sockets[connection]?.send(frames)
        case .closeConnection(let connection, let code, let last):
            guard let socket = sockets.removeValue(forKey: connection) else { return }
            if let last { socket.send([.error(last)]) }
            socket.closeFromNode(code.rawValue)
        case .sendToPeer(let peer, let frames): cluster.network.send(frames, from: self, to: peer)
        case .setPeers(let peers): cluster.network.setPeers(peers, of: self)
        case .probePeer(let peer): cluster.network.probe(peer, from: self)
        case .store(let command, let id): cluster.store.submit(command, id: id, from: self)
        case .coordinate(let command, let id): cluster.coordinator.submit(command, id: id, from: self)
        case .askPolicy(let call, let id):
            time.after(cluster.random.duration(.microseconds(10)...(.milliseconds(1)))) { [weak self] in
                guard let self else { return }
                received(.policyAnswered(id, cluster.policy(call)))
            }
        case .log, .setFastPing, .dispatchPushes: break
        }
    }

    // MARK: Sockets

    func accept(_ socket: ClientSocket) {
        lastConnection += 1
        let connection = ConnectionID(lastConnection)
        socket.connection = connection
        sockets[connection] = socket
    }

    func received(_ frame: WireClientFrame, from socket: ClientSocket) {
        guard isAlive, let connection = socket.connection else { return }
        switch frame.frame {
        case .hello(let hello):
            let token = VerifiedToken(user: UserID(trusted: hello.token), expiresAtMilliseconds: nil)
            received(.helloReceived(connection, token, hello))
        default: received(.frameReceived(connection, frame))
        }
    }

    func socketClosed(_ socket: ClientSocket) {
        guard isAlive, let connection = socket.connection else { return }
        sockets[connection] = nil
        received(.connectionClosed(connection))
    }

    // MARK: Faults

    func crash() {
        isAlive = false
        inbox = []
        for connection in sockets.keys.sorted() {
            sockets[connection]?.closeFromNode(nil)
        }
        sockets = [:]
    }

    /// The process is stopped: nothing is handled, everything that comes waits for it.
    func freeze() {
        isFrozen = true
    }

    func resume() {
        guard isFrozen else { return }
        isFrozen = false
        scheduledTick = nil
        scheduleTick()
        scheduleTurn()
    }
}
