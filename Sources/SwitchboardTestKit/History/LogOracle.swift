import SwitchboardCore
import SwitchboardProtocol

/// What one log says, read by rules of its own: deliberately not the core's fold, which it is there to check.
struct LogOracle {
    struct Taken {
        var device: DeviceAddress
        var outbox: OutboxID
        var number: UInt32
        var refusal: String
        var digest: UInt64
    }

    struct Queued: Equatable {
        var fromUser: String
        var fromDevice: String
        var message: WireMessage
        var kind: String
    }

    /// What happened in the call, in the log's order.
    enum Step {
        case taken(Taken)
        /// nil: to all devices of the callee, also those that come later.
        case delivered(Queued, to: DeviceAddress?)
        case leg(DeviceAddress)
        case selected(caller: DeviceAddress, callee: DeviceAddress)
        /// A device wants the call, or not any more.
        case handover(DeviceAddress?)
        case closed(String)
    }

    private(set) var caller: DeviceAddress?
    private(set) var callee: UserID?
    private(set) var steps: [Step] = []
    private(set) var isPickedUp = false
    private(set) var endReason: String?
    private(set) var problems: [String] = []
    private(set) var legs: Set<DeviceAddress> = []
    private var queues: [DeviceAddress: [Queued]] = [:]
    private var broadcast: [Queued] = []
    private var held: [String: WireMessage] = [:]

    init(_ entries: [LogEntry]) {
        var epoch: UInt32 = 0
        for (place, entry) in entries.enumerated() {
            if endReason != nil { problems.append("an entry follows the end") }
            let index = UInt32(place + 1)
            for fact in entry.facts {
                if case .barrier? = fact.fact { epoch = index }
                read(fact)
            }
            if entry.epoch != epoch {
                problems.append("entry \(index) was written in epoch \(entry.epoch), but \(epoch) had begun")
            }
        }
    }

    private mutating func read(_ fact: LogFact) {
        switch fact.fact {
        case .opened(let opened):
            caller = Self.address(opened.caller, opened.callerDevice)
            callee = opened.callee.isEmpty ? nil : UserID(trusted: opened.callee)
        case .taken(let fact):
            let address = Self.address(fact.user, fact.device)
            steps.append(
                .taken(
                    Taken(
                        device: address, outbox: OutboxID(trusted: fact.outbox), number: fact.number,
                        refusal: fact.refusal, digest: fact.digest)))
            if fact.hasHeld { held[Self.key(address, fact.outbox, fact.number)] = fact.held }
        case .delivery(let fact): read(fact)
        case .legChanged(let fact):
            let address = Self.address(fact.user, fact.device)
            guard legs.insert(address).inserted else { return }
            if queues[address] == nil { queues[address] = broadcast }
            steps.append(.leg(address))
        case .selection(let fact):
            guard let caller, let callee else { return problems.append("a selection before the opening") }
            isPickedUp = true
            steps.append(
                .selected(
                    caller: DeviceAddress(user: caller.user, device: DeviceID(trusted: fact.callerDevice)),
                    callee: DeviceAddress(user: callee, device: DeviceID(trusted: fact.calleeDevice))))
        case .handoverStep(let fact):
            steps.append(.handover(fact.device.isEmpty ? nil : Self.address(fact.user, fact.device)))
        case .closed(let fact):
            endReason = fact.reason
            steps.append(.closed(fact.reason))
        default: break
        }
    }

    private mutating func read(_ fact: LogDelivery) {
        let message: WireMessage
        switch fact.body {
        case .message(let content): message = content
        case .held(let reference):
            let address = Self.address(reference.user, reference.device)
            guard let content = held[Self.key(address, reference.outbox, reference.number)] else {
                return problems.append("a delivery names an item that was never held")
            }
            message = content
        case nil: return problems.append("a delivery without a body")
        }
        let queued = Queued(
            fromUser: fact.fromUser, fromDevice: fact.fromDevice, message: message, kind: message.kind)
        if fact.device.isEmpty {
            broadcast.append(queued)
            for address in legs { queues[address, default: []].append(queued) }
            steps.append(.delivered(queued, to: nil))
        } else {
            let address = Self.address(fact.user, fact.device)
            queues[address, default: []].append(queued)
            steps.append(.delivered(queued, to: address))
        }
    }

    private static func address(_ user: String, _ device: String) -> DeviceAddress {
        DeviceAddress(user: UserID(trusted: user), device: DeviceID(trusted: device))
    }

    private static func key(_ address: DeviceAddress, _ outbox: String, _ number: UInt32) -> String {
        "\(address) \(outbox) \(number)"
    }

    /// All deliveries to a device, number 1 first.
    func queue(of address: DeviceAddress) -> [Queued] {
        queues[address] ?? (address.user == callee ? broadcast : [])
    }

    func isLeg(_ address: DeviceAddress) -> Bool { legs.contains(address) }

    /// Whether the log knows the device: what is in its queue is to reach it.
    func isPart(_ address: DeviceAddress) -> Bool { address == caller || queues[address] != nil }

    var taken: [Taken] {
        steps.compactMap { step in
            if case .taken(let taken) = step { taken } else { nil }
        }
    }

    /// How many sends of an outbox the log took.
    func takenCount(_ address: DeviceAddress, _ outbox: OutboxID) -> UInt32 {
        taken.filter { $0.device == address && $0.outbox == outbox }.map(\.number).max() ?? 0
    }
}
