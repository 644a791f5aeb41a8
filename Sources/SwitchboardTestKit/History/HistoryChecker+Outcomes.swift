import SwitchboardClient
import SwitchboardProtocol

/// (d) and (g): how calls ended, and for whom.
extension HistoryChecker {
    mutating func checkOutcomes() {
        for (id, oracle) in oracles.sorted(by: { $0.key < $1.key }) {
            guard let caller = oracle.caller, oracle.callee != nil else { continue }
            for device in history.devices {
                let ends = oracle.queue(of: device).enumerated().filter { $0.element.kind.hasPrefix("ended") }
                if ends.count > 1 { report("d", device, id, "was to be told of the end \(ends.count) times") }
                // A device that is out may still hear what becomes of the call elsewhere.
                let told = oracle.queue(of: device).filter { $0.kind != "elsewhere" }
                if let end = told.firstIndex(where: { $0.kind.hasPrefix("ended") }), end != told.count - 1 {
                    report("d", device, id, "something follows the end in its queue")
                }
                guard let reason = ends.first.map({ $0.element.kind.dropFirst(6) }).map(String.init) else { continue }
                check(reason, of: device, id, oracle, caller: caller)
            }
            if let reason = oracle.endReason {
                for device in [caller] where !oracle.queue(of: device).contains(where: { $0.kind == "ended:\(reason)" })
                {
                    report("d", device, id, "the call ended (\(reason)), but its caller was not told")
                }
            }
        }
        checkSelections()
    }

    private mutating func check(
        _ reason: String, of device: DeviceAddress, _ id: ConversationID, _ oracle: LogOracle, caller: DeviceAddress
    ) {
        if reason == "answered_elsewhere", oracle.selection == nil {
            report("g", device, id, "answered_elsewhere, but nobody answered")
        }
        let isPart = device == caller || oracle.isSelected(device)
        if oracle.selection != nil, !isPart {
            if reason != "answered_elsewhere" { report("d", device, id, "a bystander was told \(reason)") }
        } else if reason == "declined_elsewhere" {
            if oracle.endReason != "declined" || device == caller {
                report("d", device, id, "declined_elsewhere of a call that ended \(oracle.endReason ?? "not at all")")
            }
        } else if reason != oracle.endReason {
            report("d", device, id, "was told \(reason), but the call ended \(oracle.endReason ?? "not at all")")
        }
    }

    /// All who hear `selected` hear the same, and at most once in a life.
    private mutating func checkSelections() {
        var first: [ConversationID: WireSelected] = [:]
        for record in history.records {
            guard case .told(.delivered(let id, let delivery)) = record.event,
                case .selected(let selected)? = delivery.message.content
            else { continue }
            if let earlier = first[id], earlier != selected {
                report("d", record.device, id, "\(selected.device) is selected, to others \(earlier.device)")
            }
            first[id] = selected
        }
    }
}
