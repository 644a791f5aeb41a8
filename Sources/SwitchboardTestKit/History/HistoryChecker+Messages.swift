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

    /// (b), by meaning: what each selected device sent is in its peer's queue, in order and once; nobody else gets any of it.
    private mutating func checkConcerns(_ id: ConversationID, _ oracle: LogOracle) {
        guard let caller = oracle.caller, let callee = oracle.callee else { return }
        let marks = sentMarks(id)
        let selected = oracle.selection.map { DeviceAddress(user: callee, device: $0.callee) }
        for device in Set(marks.keys).union([caller]) {
            for queued in oracle.queue(of: device) {
                guard let mark = queued.message.mark, queued.kind != "offer" || !queued.fromDevice.isEmpty else {
                    continue
                }
                guard oracle.isSelected(device) else {
                    report("b", device, id, "\(mark) was delivered to a device that was not selected")
                    continue
                }
                let sender = device == caller ? selected : caller
                if let sender, marks[sender]?.contains(mark) != true {
                    report("b", device, id, "\(mark) was delivered, which its peer did not send")
                }
            }
        }
        guard let selected else { return }
        for (sender, peer) in [(caller, selected), (selected, caller)] {
            // An offer from before pickup is repeated to a device that was started anew while it rang.
            let delivered = oracle.queue(of: peer).filter { $0.kind != "offer" || !$0.fromDevice.isEmpty }
                .compactMap(\.message.mark)
            if Set(delivered).count != delivered.count { report("b", peer, id, "something was delivered twice") }
            let due = dueMarks(id, oracle, sender)
            if delivered.filter(Set(due).contains) != due {
                report("b", peer, id, "due from \(sender): \(due), delivered: \(delivered)")
            }
        }
    }

    /// Marks of all that each device sent in a call.
    private func sentMarks(_ id: ConversationID) -> [DeviceAddress: [String]] {
        var marks: [DeviceAddress: [String]] = [:]
        for record in history.records {
            guard case .queued(id, _, _, let message) = record.event else { continue }
            marks[record.device, default: []] += message.mark.map { [$0] } ?? []
        }
        return marks
    }

    /// Marks of what a selected device sent, that was taken with effect, and that its peer must get: everything after the
    /// selection, and of what was held before only what no newer offer made void, which is left out where it is in doubt.
    private func dueMarks(_ id: ConversationID, _ oracle: LogOracle, _ sender: DeviceAddress) -> [String] {
        var messages: [OutboxID: [UInt32: WireMessage]] = [:]
        for record in history.records where record.device == sender {
            guard case .queued(id, let outbox, let number, let message) = record.event else { continue }
            messages[outbox, default: [:]][number] = message
        }
        let before = oracle.taken.prefix(oracle.selectedAfter)
        let offers = before.filter { taken in
            taken.device == oracle.caller && messagesKind(id, taken) == "offer" && taken.refusal.isEmpty
        }
        let isUnrevised = offers.count <= 1
        return oracle.taken.filter { $0.device == sender && $0.refusal.isEmpty }.compactMap { taken in
            guard let message = messages[taken.outbox]?[taken.number], let mark = message.mark else { return nil }
            if taken.order >= oracle.selectedAfter { return mark }
            guard isUnrevised else { return nil }
            return message.kind == "offer" || message.kind == "info" ? nil : mark
        }
    }

    private func messagesKind(_ id: ConversationID, _ taken: LogOracle.Taken) -> String? {
        for record in history.records where record.device == taken.device {
            if case .queued(id, taken.outbox, taken.number, let message) = record.event { return message.kind }
        }
        return nil
    }
}
