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
        /// Its place among all that the log took.
        var order: Int
    }

    struct Queued: Equatable {
        var fromUser: String
        var fromDevice: String
        var message: WireMessage
        var kind: String
    }

    private(set) var caller: DeviceAddress?
    private(set) var callee: UserID?
    private(set) var taken: [Taken] = []
    private(set) var selection: (caller: DeviceID, callee: DeviceID)?
    /// Place of the selection among what was taken.
    private(set) var selectedAfter = 0
    private(set) var endReason: String?
    private(set) var problems: [String] = []
    private var queues: [DeviceAddress: [Queued]] = [:]
    private var broadcast: [Queued] = []
    private var legs: Set<DeviceAddress> = []
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
            caller = DeviceAddress(
                user: UserID(trusted: opened.caller), device: DeviceID(trusted: opened.callerDevice))
            callee = opened.callee.isEmpty ? nil : UserID(trusted: opened.callee)
        case .taken(let fact):
            let address = DeviceAddress(user: UserID(trusted: fact.user), device: DeviceID(trusted: fact.device))
            taken.append(
                Taken(
                    device: address, outbox: OutboxID(trusted: fact.outbox), number: fact.number,
                    refusal: fact.refusal, digest: fact.digest, order: taken.count))
            if fact.hasHeld { held[Self.key(address, fact.outbox, fact.number)] = fact.held }
        case .delivery(let fact): read(fact)
        case .legChanged(let fact):
            let address = DeviceAddress(user: UserID(trusted: fact.user), device: DeviceID(trusted: fact.device))
            if legs.insert(address).inserted, queues[address] == nil { queues[address] = broadcast }
        case .selection(let fact):
            if selection != nil { problems.append("a second selection") }
            selection = (DeviceID(trusted: fact.callerDevice), DeviceID(trusted: fact.calleeDevice))
            selectedAfter = taken.count
        case .closed(let fact): endReason = fact.reason
        default: break
        }
    }

    private mutating func read(_ fact: LogDelivery) {
        let message: WireMessage
        switch fact.body {
        case .message(let content): message = content
        case .held(let reference):
            let address = DeviceAddress(
                user: UserID(trusted: reference.user), device: DeviceID(trusted: reference.device))
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
        } else {
            let address = DeviceAddress(user: UserID(trusted: fact.user), device: DeviceID(trusted: fact.device))
            queues[address, default: []].append(queued)
        }
    }

    private static func key(_ address: DeviceAddress, _ outbox: String, _ number: UInt32) -> String {
        "\(address) \(outbox) \(number)"
    }

    /// All deliveries to a device, number 1 first.
    func queue(of address: DeviceAddress) -> [Queued] {
        queues[address] ?? (address.user == callee ? broadcast : [])
    }

    func isLeg(_ address: DeviceAddress) -> Bool { legs.contains(address) }

    func isSelected(_ address: DeviceAddress) -> Bool {
        guard let selection else { return false }
        return address == caller
            ? address.device == selection.caller : address.user == callee && address.device == selection.callee
    }

    /// How many sends of an outbox the log took.
    func takenCount(_ address: DeviceAddress, _ outbox: OutboxID) -> UInt32 {
        taken.filter { $0.device == address && $0.outbox == outbox }.map(\.number).max() ?? 0
    }
}
