import SwitchboardProtocol

@testable import SwitchboardClient

/// A session machine with the smallest driver that makes it a client: virtual time, a storage, a wire that is a list.
struct TraceSession {
    private var events: [TraceFile.Event] = []
    private var machine: SessionMachine
    private let settings: TraceFile.Settings
    private var now = 0.0
    private var born = 0.0
    private var timers: [SessionTimer: Double] = [:]
    private var stored = OutboxRecord(id: OutboxID(trusted: "box"))

    init(_ settings: TraceFile.Settings) {
        self.settings = settings
        machine = Self.machine(stored, settings)
    }

    /// What came of all steps, in order.
    var timeline: [TraceFile.Event] { Self.ordered(events) }

    /// Between conversations there is no order: frames that leave one behind the other stand in that of their ids.
    static func ordered(_ events: [TraceFile.Event]) -> [TraceFile.Event] {
        func conversation(_ event: TraceFile.Event) -> String? {
            guard case .frame(let frame) = event.output else { return nil }
            return switch frame.frame {
            case .send(let send): send.conversation
            case .ack(let ack): ack.conversation
            default: nil
            }
        }
        var ordered = events
        for end in ordered.indices.dropFirst() {
            for place in (1...end).reversed() {
                let (left, right) = (ordered[place - 1], ordered[place])
                guard left.at == right.at, let first = conversation(left), let second = conversation(right),
                    first > second
                else { break }
                ordered.swapAt(place - 1, place)
            }
        }
        return ordered
    }

    /// Lets time pass, then does something.
    mutating func step(at time: Double, _ input: TraceFile.Input?) throws {
        while let (timer, due) = timers.min(by: { $0.value < $1.value }), due <= time {
            timers[timer] = nil
            now = due
            perform(machine.timerFired(timer, now: age))
        }
        now = time
        if let input { try perform(actions(input)) }
        // What is due at once belongs to this step.
        if timers.values.contains(where: { $0 <= time }) { try step(at: time, nil) }
    }

    private var age: Duration { .milliseconds(now - born) }

    private static func machine(_ record: OutboxRecord, _ settings: TraceFile.Settings) -> SessionMachine {
        var configuration = SessionConfiguration()
        configuration.subprotocol = .json
        if let maximum = settings.maximumWaiting { configuration.maximumWaitingMessages = maximum }
        var machine = SessionMachine(
            configuration: configuration, device: DeviceID(trusted: "phone"), restoring: record, seed: 0)
        machine.jitter = JitterSource(constant: 0.5)
        return machine
    }

    private mutating func actions(_ input: TraceFile.Input) throws -> [SessionAction] {
        switch input {
        case .start: return machine.started()
        case .stop: return machine.stopped()
        case .restart:
            (timers, born) = ([:], now)
            machine = Self.machine(stored, settings)
            return []
        case .network: return machine.networkBecameAvailable()
        case .iceServers: return machine.iceServersRequested()
        case .token(let token): return machine.tokenRefreshed(token)
        case .opened(let token): return machine.socketOpened(token: token)
        case .failed: return machine.socketFailed(reason: "a trace says so")
        case .closed(let code): return machine.socketClosed(code: code)
        case .frame(let frame): return machine.frameReceived(frame, now: age)
        case .send(let id, let message):
            do {
                return try machine.messageQueued(message, in: id, now: age).actions
            } catch .outboxFull {
                note(.notTaken("outbox_full"))
            } catch .messageTooLarge {
                note(.notTaken("message_too_large"))
            } catch {
                throw error
            }
            return []
        }
    }

    private mutating func perform(_ actions: [SessionAction]) {
        for action in actions {
            switch action {
            case .connect: note(.open(connection: Int(stored.connections)))
            case .disconnect: note(.close)
            case .transmit(let frame): note(.frame(frame.sorted))
            case .store(let change): stored.apply(change)
            case .schedule(let timer, let delay): timers[timer] = now + delay / .milliseconds(1)
            case .cancel(let timer): timers[timer] = nil
            case .notify(let event): told(event)
            }
        }
    }

    private mutating func told(_ event: SessionEvent) {
        switch event {
        case .welcomed(let welcome): note(.welcomed(welcome.node))
        case .synchronized(let missing): note(.synchronized(missing.map(\.description)))
        case .accepted(let id, let number): note(.accepted(id.description, Int(number)))
        case .refused(let id, let number, let error, _): note(.refused(id.description, Int(number), error.name))
        case .dropped(let id, _, _): note(.dropped(id.description))
        case .delivered(let id, let delivery): note(.delivered(id.description, Int(delivery.number)))
        case .snapshot(let id, let snapshot): note(.snapshot(id.description, snapshot.state))
        case .iceServers(let servers): note(.iceServers(servers.iceServers.flatMap(\.urls)))
        case .failed(let error): note(.error(error.name))
        // The next connection follows at once.
        case .disconnected(.serverLeaving, _): break
        case .disconnected: note(.lost)
        case .ended: note(.stopped)
        case .connecting, .postponed: break
        }
    }

    private mutating func note(_ output: TraceFile.Output) {
        events.append(TraceFile.Event(at: now, output: output))
    }
}

extension WireClientFrame {
    /// With the conversations of `hello` in the order of their ids.
    fileprivate var sorted: WireClientFrame {
        guard case .hello(var hello) = frame else { return self }
        hello.conversations.sort { $0.conversation < $1.conversation }
        var sorted = self
        sorted.hello = hello
        return sorted
    }
}
