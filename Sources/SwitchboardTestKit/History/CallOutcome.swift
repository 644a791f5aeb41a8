import SwitchboardProtocol

/// Who was told what of the end of one call, and of where it goes on, held against what happened: the rules of a call's outcome.
struct CallOutcome {
    private(set) var problems: [(device: DeviceAddress?, what: String)] = []

    private let oracle: LogOracle
    private let caller: DeviceAddress
    private var selected: (caller: DeviceAddress, callee: DeviceAddress)?
    private var handover: DeviceAddress?
    /// The device of the handover that is under way, or was until just now.
    private var lastHandover: DeviceAddress?
    /// Devices for which it is over, and why.
    private var over: [DeviceAddress: String] = [:]
    private var formerlySelected: Set<DeviceAddress> = []
    private var legs: Set<DeviceAddress> = []

    /// - Parameter message: what was sent; nil if nobody knows.
    init?(_ oracle: LogOracle, message: (LogOracle.Taken) -> WireMessage?) {
        guard let caller = oracle.caller, oracle.callee != nil else { return nil }
        (self.oracle, self.caller) = (oracle, caller)
        for step in oracle.steps {
            switch step {
            case .taken(let taken):
                if taken.refusal.isEmpty, case .handover? = message(taken)?.content, selected != nil {
                    over[taken.device] = nil  // it is in again, for a while at least
                }
            case .leg(let device): legs.insert(device)
            case .delivered(let queued, let device): told(queued, device)
            case .selected(let caller, let callee):
                if selected != nil, handover == nil, lastHandover == nil { report(nil, "a second selection") }
                selected = (caller, callee)
                formerlySelected.formUnion([caller, callee])
            case .handover(let device):
                if device != nil { lastHandover = device }
                handover = device
            case .closed(let reason):
                checkEverybodyWasTold(reason)
            }
        }
    }

    private mutating func report(_ device: DeviceAddress?, _ what: String) {
        problems.append((device, what))
    }

    private mutating func told(_ queued: LogOracle.Queued, _ device: DeviceAddress?) {
        guard let device else {
            // To all of the callee's devices: only before pickup.
            if selected != nil { report(nil, "\(queued.kind) to all after the pickup") }
            guard case .ended(let ended)? = queued.message.content else { return }
            if ended.reason != oracle.endReason { report(nil, "all were told \(ended.reason)") }
            for leg in legs { over[leg] = ended.reason }
            return
        }
        switch queued.message.content {
        case .ended(let ended): toldEnd(ended.reason, device)
        case .elsewhere(let elsewhere): check(elsewhere, device)
        case .selected(let message):
            guard let selected else { return report(device, "selected before anybody was") }
            over[device] = nil
            if message.device != selected.callee.device.text || message.callerDevice != selected.caller.device.text {
                report(device, "was told that \(message.callerDevice) and \(message.device) are selected")
            }
            if device != selected.caller, device != selected.callee {
                report(device, "was told of the selection, but is no part of it")
            }
        case .glare(let glare):
            if device != caller { report(device, "heard glare about a call that it did not make") }
            if glare.caller == caller.user.text { report(device, "heard glare about its own user's call") }
        default:
            if let reason = over[device] { report(device, "\(queued.kind) follows its end, \(reason)") }
        }
    }

    private mutating func toldEnd(_ reason: String, _ device: DeviceAddress) {
        if let earlier = over[device] { report(device, "was told of the end twice: \(earlier), \(reason)") }
        over[device] = reason
        let isIn = selected.map { device == $0.caller || device == $0.callee } ?? (device == caller)
        let isCallsEnd = reason == oracle.endReason
        switch reason {
        case "answered_elsewhere":
            if selected == nil { report(device, "answered_elsewhere, but nobody answered") }
            if isIn { report(device, "has the call, but was told that another has it") }
        case "declined_elsewhere":
            if oracle.endReason != "declined" || isIn { report(device, "declined_elsewhere of a call that was not") }
        case "replaced" where formerlySelected.contains(device) && !isIn:
            break  // handed over
        case "connect_failed" where device == lastHandover && !isIn, "cancelled" where device == lastHandover && !isIn:
            break  // the call did not come to it
        default:
            if !isCallsEnd { report(device, "was told \(reason), the call ended \(oracle.endReason ?? "not at all")") }
            if selected != nil, !isIn, device != handover { report(device, "a bystander was told \(reason)") }
        }
    }

    private mutating func check(_ elsewhere: WireElsewhere, _ device: DeviceAddress) {
        guard let selected else { return report(device, "elsewhere before anybody picked up") }
        let holder = device.user == caller.user ? selected.caller : selected.callee
        if elsewhere.device != holder.device.text || device == holder {
            report(device, "elsewhere on \(elsewhere.device), but \(holder) has the call")
        }
        // The last of a call's life are told that it is over.
        if !elsewhere.active, oracle.endReason == nil { report(device, "a call that goes on is said to be over") }
    }

    private mutating func checkEverybodyWasTold(_ reason: String) {
        var must = [selected?.caller ?? caller]
        must += selected.map { [$0.callee] } ?? []
        for device in must where over[device] != reason {
            report(device, "the call ended \(reason), but it was told \(over[device] ?? "nothing")")
        }
        for leg in legs where over[leg] == nil { report(leg, "a leg was not told of the end") }
    }
}
