import ClientTestSupport
import SwitchboardProtocol

@testable import SwitchboardClient

/// A session machine, a model server and a network between them, all driven by one seed: frames wait, connections
/// fall with what is on its way, timers fire late, relays turn sends around, the client's process restarts.
struct SimulatedSession {
    private(set) var machine: SessionMachine
    private(set) var server = ModelServer()
    private var stored: OutboxRecord
    private var generator: JitterSource
    private var toServer: [WireClientFrame] = []
    private var toClient: [WireServerFrame] = []
    private var timers: Set<SessionTimer> = []
    private var isConnected = false
    private var nextBody = 0

    /// What the application sent, per conversation.
    private(set) var sent: [ConversationID: [WireMessage]] = [:]
    /// The delivery numbers that the application saw, per conversation, since its process last started.
    private(set) var seen: [ConversationID: [UInt32]] = [:]
    private(set) var faults: [String] = []
    /// How often interesting things happened, to see that the test tests something.
    private(set) var counts: [String: Int] = [:]

    init(seed: UInt64) {
        generator = JitterSource(seed: seed)
        stored = OutboxRecord(id: OutboxID(trusted: "box"))
        machine = .forTest(restoring: stored, seed: seed)
        perform(machine.started())
    }

    /// One thing happens.
    mutating func step() {
        switch generator.next() % 100 {
        case 0..<20: send()
        case 20..<35: deliver()
        case 35..<55: moveToServer()
        case 55..<80: moveToClient()
        case 80..<92: fireTimer()
        case 92..<94: server.refusesTemporarily.toggle()
        case 94..<96: swapSends()
        case 96: repeatDeliveries()
        case 97, 98: breakConnection()
        default: restart()
        }
    }

    /// All goes well until nothing is left to do.
    mutating func settle() {
        server.refusesTemporarily = false
        for _ in 0..<100_000 {
            if !toServer.isEmpty {
                moveToServer()
            } else if !toClient.isEmpty {
                moveToClient()
            } else if let timer = timers.first(where: { !Self.recurring.contains($0) }) {
                fire(timer)
            } else if machine.isReady {
                return
            }
        }
        faults.append("does not settle")
    }

    /// Timers that never come to an end, or that only watch over the others.
    private static let recurring: Set<SessionTimer> = [.heartbeat, .stable, .pongDue, .acceptanceDue]

    // MARK: - What may happen

    private mutating func send() {
        nextBody += 1
        let id = generator.next() % 2 == 0 ? callA : callB
        guard let (_, actions) = try? machine.messageQueued(.info("\(nextBody)"), in: id) else {
            counts["outbox full", default: 0] += 1
            return
        }
        sent[id, default: []].append(.info("\(nextBody)"))
        perform(actions)
    }

    private mutating func deliver() {
        nextBody += 1
        let id = generator.next() % 2 == 0 ? callA : callB
        toClient += server.deliver(.info("\(nextBody)"), in: id)
    }

    private mutating func moveToServer() {
        guard isConnected, !toServer.isEmpty else { return }
        toClient += server.received(toServer.removeFirst())
    }

    private mutating func moveToClient() {
        guard isConnected, !toClient.isEmpty else { return }
        let frame = toClient.removeFirst()
        if case .error(let error) = frame.frame { counts[error.name, default: 0] += 1 }
        perform(machine.frameReceived(frame))
    }

    private mutating func fireTimer() {
        guard let timer = timers.sorted(by: { "\($0)" < "\($1)" }).randomElement(using: &generator) else { return }
        fire(timer)
    }

    private mutating func fire(_ timer: SessionTimer) {
        timers.remove(timer)
        perform(machine.timerFired(timer))
    }

    /// A relay may overtake another while a conversation moves.
    private mutating func swapSends() {
        let sends = toServer.indices.filter { if case .send = toServer[$0].frame { true } else { false } }
        guard sends.count >= 2 else { return }
        toServer.swapAt(sends[0], sends[1])
        counts["swapped", default: 0] += 1
    }

    private mutating func repeatDeliveries() {
        let last = seen[callA]?.last ?? 0
        toClient += server.repeatDeliveries(in: callA, from: Int(last / 2))
        counts["repeated", default: 0] += 1
    }

    private mutating func breakConnection() {
        guard isConnected else { return }
        loseSocket()
        counts["broken", default: 0] += 1
        perform(machine.socketClosed(code: nil))
    }

    /// The client's process ends and starts again with what was stored.
    private mutating func restart() {
        loseSocket()
        timers = []
        seen = [:]
        counts["restarted", default: 0] += 1
        machine = .forTest(restoring: stored, seed: generator.next())
        perform(machine.started())
    }

    private mutating func loseSocket() {
        isConnected = false
        toServer = []
        toClient = []
        server.connectionLost()
    }

    // MARK: - The driver's part

    private mutating func perform(_ actions: [SessionAction]) {
        for action in actions {
            switch action {
            case .connect:
                isConnected = true
                perform(machine.socketOpened(token: ""))
            case .disconnect:
                loseSocket()
            case .transmit(let frame):
                toServer.append(frame)
            case .store(let change):
                stored.apply(change)
            case .schedule(let timer, _):
                timers.insert(timer)
            case .cancel(let timer):
                timers.remove(timer)
            case .notify(.delivered(let id, let delivery)):
                seen[id, default: []].append(delivery.number)
                let queue = server.deliveries[id, default: []]
                if queue[Int(delivery.number) - 1] != delivery.message { faults.append("a delivery was changed") }
            case .notify(.disconnected(.protocolViolation(let rule), _)):
                faults.append(rule)
            case .notify:
                break
            }
        }
    }
}
