import SwitchboardClient
import SwitchboardProtocol

/// What was acknowledged, and what arrived.
extension HistoryChecker {
    private struct Outbox: Hashable {
        var device: DeviceAddress
        var outbox: OutboxID
        var conversation: ConversationID
    }

    /// (e): what a client was told to be accepted is in the log, unless the log was closed before; and (a) of sends.
    mutating func checkAcceptances() {
        var queued: [Outbox: [UInt32: WireMessage]] = [:]
        var current: [DeviceAddress: OutboxID] = [:]
        for record in history.records {
            switch record.event {
            case .queued(let id, let outbox, let number, let message):
                current[record.device] = outbox
                queued[Outbox(device: record.device, outbox: outbox, conversation: id), default: [:]][number] = message
            case .restarted(let outbox): current[record.device] = outbox
            case .told(.accepted(let id, let through)):
                guard let outbox = current[record.device] else { continue }
                guard let oracle = oracles[id] else {
                    report("e", record.device, id, "accepted, but there is no log")
                    continue
                }
                if oracle.takenCount(record.device, outbox) < through, oracle.endReason == nil {
                    report("e", record.device, id, "accepted through \(through), but the log has not taken it")
                }
            case .received, .told: continue
            }
        }
        for (id, oracle) in oracles.sorted(by: { $0.key < $1.key }) {
            for taken in oracle.taken {
                let outbox = Outbox(device: taken.device, outbox: taken.outbox, conversation: id)
                guard let message = queued[outbox]?[taken.number] else {
                    report("b", taken.device, id, "the log took number \(taken.number), which nobody sent")
                    continue
                }
                if message.digest() != taken.digest {
                    report("a", taken.device, id, "number \(taken.number) is not what was sent under it")
                }
            }
        }
    }

    /// (b): what devices were handed, in which order, against their queues in the log.
    mutating func checkDeliveries() {
        struct Place: Hashable {
            var device: DeviceAddress
            var conversation: ConversationID
        }
        var received: [Place: UInt32] = [:]
        for record in history.records {
            switch record.event {
            case .restarted:
                for place in received.keys where place.device == record.device { received[place] = nil }
            case .told(.snapshot(let id, let snapshot)):
                let place = Place(device: record.device, conversation: id)
                received[place] = max(received[place] ?? 0, snapshot.nextNumber - 1)
            case .told(.delivered(let id, let delivery)):
                let place = Place(device: record.device, conversation: id)
                let next = (received[place] ?? 0) + 1
                if delivery.number != next {
                    report("b", record.device, id, "delivery \(delivery.number) came where \(next) was due")
                }
                received[place] = delivery.number
                guard let oracle = oracles[id] else {
                    report("b", record.device, id, "delivered, but there is no log")
                    continue
                }
                let queue = oracle.queue(of: record.device)
                guard Int(delivery.number) <= queue.count else {
                    report("b", record.device, id, "delivery \(delivery.number) is not in the log: a ghost")
                    continue
                }
                let logged = queue[Int(delivery.number) - 1]
                if logged.message != delivery.message || logged.fromUser != delivery.user {
                    report(
                        "b", record.device, id,
                        "delivery \(delivery.number) is \(delivery.message.kind), the log says \(logged.kind)")
                }
            case .queued, .received, .told: continue
            }
        }
        for (id, oracle) in oracles.sorted(by: { $0.key < $1.key }) {
            checkConcerns(id, oracle)
        }
    }

    /// (b), by meaning: what was sent is in the queues of those whom it concerns, in order and once; nobody else gets any of it.
    private mutating func checkConcerns(_ id: ConversationID, _ oracle: LogOracle) {
        guard let carried = CarriedMessages(oracle, message: { sent($0, in: id) }) else { return }
        for problem in carried.problems { report("address", nil, id, problem) }
        for device in carried.wronged {
            report(
                "b", device, id,
                "due: \(carried.due[device, default: []]), delivered: \(carried.delivered[device, default: []])")
        }
    }
}
