import SwitchboardProtocol

/// What each device of one call must have been handed of what the others sent, by the rules and from the order in which the log
/// took it; and what it was handed. The two are the same, or a message was lost, doubled, reordered or given to the wrong one.
struct CarriedMessages {
    private(set) var due: [DeviceAddress: [String]] = [:]
    private(set) var delivered: [DeviceAddress: [String]] = [:]
    private(set) var problems: [String] = []

    private let caller: DeviceAddress
    private let callee: UserID
    private var newestOffer: (session: UInt32, revision: UInt32)?
    /// What waits for pickup, by its sender.
    private var held: [DeviceAddress: [Carried]] = [:]
    private var answered: Set<DeviceAddress> = []
    private var selected: (caller: DeviceAddress, callee: DeviceAddress)?
    private var handover: (device: DeviceAddress, session: UInt32)?
    private var isOver = false

    private struct Carried {
        var text: String
        var session: UInt32
    }

    /// - Parameter message: what was sent; nil if nobody knows.
    init?(_ oracle: LogOracle, message: (LogOracle.Taken) -> WireMessage?) {
        guard let caller = oracle.caller, let callee = oracle.callee else { return nil }
        (self.caller, self.callee) = (caller, callee)
        for step in oracle.steps {
            switch step {
            case .taken(let taken):
                if taken.refusal.isEmpty, let message = message(taken) { took(message, from: taken.device) }
            case .delivered(let queued, let device): handed(queued, to: device)
            case .selected(let caller, let callee): picked(caller, callee)
            case .handover(let device):
                if let device, handover?.device != device { handover = (device, 0) }
                if device == nil { handover = nil }
            case .closed: isOver = true
            case .leg: break
            }
        }
    }

    /// Devices that got something else than was due.
    var wronged: [DeviceAddress] {
        Set(due.keys).union(delivered.keys).filter { due[$0, default: []] != delivered[$0, default: []] }.sorted()
    }

    // MARK: What was sent

    private mutating func took(_ message: WireMessage, from device: DeviceAddress) {
        guard !isOver else { return }
        guard let selected else {
            return device == caller ? tookFromCaller(message) : tookFromLeg(message, device)
        }
        let carried = Carried(text: message.carriedText, session: message.session)
        if let handover, device == handover.device {
            return tookFromNewDevice(message, carried, handover, selected)
        }
        guard device == selected.caller || device == selected.callee else {
            // Of the others only a handover has an effect.
            if case .handover? = message.content { due[peer(of: device, selected), default: []].append(carried.text) }
            return
        }
        guard message.isCarried else { return }
        let peer = peer(of: device, selected)
        if let handover, handover.session > 0, carried.session == handover.session, device.user != handover.device.user
        {
            due[handover.device, default: []].append(carried.text)
        } else {
            due[peer, default: []].append(carried.text)
        }
    }

    private mutating func tookFromCaller(_ message: WireMessage) {
        switch message.content {
        case .description_p(let offer):
            if let newestOffer, offer.session > newestOffer.session { held[caller] = nil }
            newestOffer = (offer.session, offer.revision)
            // Answers to an older offer are void.
            held = held.filter { $0.key == caller }
            answered = []
        case .candidates(let candidates):
            guard candidates.session >= newestOffer?.session ?? 0 else { return }
            held[caller, default: []].append(Carried(text: message.carriedText, session: candidates.session))
        default: break
        }
    }

    private mutating func tookFromLeg(_ message: WireMessage, _ device: DeviceAddress) {
        switch message.content {
        case .description_p(let answer):
            guard let newestOffer, (answer.session, answer.revision) == newestOffer else { return }
            if !answered.insert(device).inserted { held[device] = nil }
            held[device, default: []].append(Carried(text: message.carriedText, session: answer.session))
        case .candidates, .security:
            held[device, default: []].append(Carried(text: message.carriedText, session: message.session))
        default: break
        }
    }

    private mutating func tookFromNewDevice(
        _ message: WireMessage, _ carried: Carried, _ handover: (device: DeviceAddress, session: UInt32),
        _ selected: (caller: DeviceAddress, callee: DeviceAddress)
    ) {
        if case .description_p(let description)? = message.content {
            if description.session > handover.session { self.handover?.session = description.session }
        } else if case .connected? = message.content {
            guard carried.session == handover.session else { return }
        } else if !message.isCarried || handover.session == 0 {
            return
        }
        due[peer(of: handover.device, selected), default: []].append(carried.text)
    }

    private func peer(of device: DeviceAddress, _ selected: (caller: DeviceAddress, callee: DeviceAddress))
        -> DeviceAddress
    {
        device.user == caller.user ? selected.callee : selected.caller
    }

    // MARK: What the log says

    private mutating func picked(_ caller: DeviceAddress, _ callee: DeviceAddress) {
        if selected == nil {
            due[callee, default: []] += held[caller, default: []].map(\.text)
            due[caller, default: []] += held[callee, default: []].map(\.text)
            held = [:]
        }
        selected = (caller, callee)
    }

    private mutating func handed(_ queued: LogOracle.Queued, to device: DeviceAddress?) {
        if selected == nil {
            if let device, case .invite? = queued.message.content {
                // It was started anew, and what it had prepared is gone.
                held[device] = nil
                answered.remove(device)
            }
            if queued.message.tellsAddress { problems.append("\(queued.kind) told an address before pickup") }
        }
        guard let device, !queued.fromDevice.isEmpty else { return }
        delivered[device, default: []].append(queued.message.carriedText)
    }
}

extension WireMessage {
    /// Whether it goes from one selected device to the other.
    fileprivate var isCarried: Bool {
        switch content {
        case .description_p, .candidates, .security, .mediaState, .info, .reconnecting, .connected: true
        default: false
        }
    }

    fileprivate var session: UInt32 {
        switch content {
        case .description_p(let description): description.session
        case .candidates(let candidates): candidates.session
        case .security(let security): security.session
        case .connected(let connected): connected.session
        default: 0
        }
    }

    fileprivate var carriedText: String {
        var detail = mark ?? ""
        if case .security(let security)? = content { detail = "\(security.step) \(security.value)" }
        return detail.isEmpty ? kind : "\(kind) \(detail)"
    }

    fileprivate var tellsAddress: Bool {
        switch content {
        case .candidates: true
        case .description_p(let description): description.sdp.contains("a=candidate")
        default: false
        }
    }
}
