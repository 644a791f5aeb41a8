import SwiftProtobuf
import SwitchboardProtocol

/// A call moves to another device of one of its users. The new device speaks to the peer's device on a connection of its own;
/// the old one keeps the call until both ends of the new connection say that media flow.
extension CallDecision {
    /// A device that has no part asks for the call.
    mutating func decideHandover(_ send: TakenSend, _ handover: WireHandover) throws(FoldError) {
        guard writesSecondLevel, state.handover == nil, let peer = state.peer(of: send.sender) else {
            return try take(send, refusal: .notYourTurn)
        }
        let media = handover.hasMedia ? handover.media : (state.selection?.media ?? WireMedia())
        try take(send)
        try record(Handover(device: send.sender, media: media))
        try becomeKnown(send.sender)
        try setDeadline(.handover, limits.handoverTimeout)
        try deliver(announcement(send.sender, media, isCancelled: false), to: peer, from: send.sender)
    }

    /// A device that the log has not met is from now on one of those who are out, lest it be told so in the middle of this; it
    /// has a queue already, so that nothing rings.
    private mutating func becomeKnown(_ device: DeviceAddress) throws(FoldError) {
        if state.isCaller(device.user) {
            try becomeWatcher(device)
        } else if state.legs[device] == nil {
            try changeLeg(device, to: .cancelled, reason: .answeredElsewhere)
        }
    }

    /// Messages of the device that wants the call.
    mutating func decideFromNewDevice(_ send: TakenSend, _ handover: Handover) throws(FoldError) {
        guard let peer = state.peer(of: send.sender) else { return try take(send, refusal: .notYourTurn) }
        switch send.message.content {
        case .description_p(let description):
            guard try admit(send, description, handover) else { return }
            try take(send)
            try deliver(send.message, to: peer, from: send.sender)
        case .candidates, .security, .info, .mediaState, .reconnecting:
            try take(send)
            if handover.session > 0 { try deliver(send.message, to: peer, from: send.sender) }
        case .connected(let connected):
            try take(send)
            guard handover.session > 0, connected.session == handover.session else { return }
            try deliver(send.message, to: peer, from: send.sender)
            var handover = handover
            handover.isDeviceConnected = true
            try advance(handover)
        case .cancel, .hangup, .reject:
            try take(send)
            try failHandover(.cancelled)
        case .handover, .accept, .ringing, .ignore, .busy, nil: try take(send)
        default: try take(send, refusal: .notYourTurn)
        }
    }

    /// An offer opens the new connection under a session that nobody has used; false: it was refused.
    private mutating func admit(_ send: TakenSend, _ description: WireDescription, _ handover: Handover)
        throws(FoldError) -> Bool
    {
        guard description.session != handover.session || handover.session == 0 else { return true }
        guard description.type == "offer", description.session > state.highestSession else {
            try take(send, refusal: .notYourTurn)
            return false
        }
        var handover = handover
        handover.session = description.session
        (handover.isDeviceConnected, handover.isPeerConnected) = (false, false)
        try record(handover)
        return true
    }

    /// What the peer's device says about the new connection goes to the new device. False: it speaks of the old one.
    mutating func decideFromPeer(_ send: TakenSend, _ handover: Handover) throws(FoldError) -> Bool {
        guard handover.session > 0, send.sender == state.peer(of: handover.device) else { return false }
        switch send.message.content {
        case .description_p(let description) where description.session == handover.session: break
        case .candidates(let candidates) where candidates.session == handover.session: break
        case .security(let security) where security.session == handover.session: break
        case .connected(let connected) where connected.session == handover.session:
            try take(send)
            try deliver(send.message, to: handover.device, from: send.sender)
            var handover = handover
            handover.isPeerConnected = true
            try advance(handover)
            return true
        default: return false
        }
        try take(send)
        try deliver(send.message, to: handover.device, from: send.sender)
        return true
    }

    private mutating func advance(_ handover: Handover) throws(FoldError) {
        try record(handover)
        guard handover.isDeviceConnected, handover.isPeerConnected else { return }
        try move(to: handover)
    }

    /// Both ends are connected: the new device is selected, and the old one is out.
    private mutating func move(to handover: Handover) throws(FoldError) {
        guard let callee = state.calleeDevice, let caller = state.callerDevice,
            let old = state.device(of: handover.device.user), let peer = state.peer(of: handover.device)
        else { return }
        let isCallers = state.isCaller(handover.device.user)
        let devices = isCallers ? (handover.device, callee) : (caller, handover.device)
        try record(nil)
        try clearDeadlines(.handover, .connect)
        try select(caller: devices.0, callee: devices.1, handover.media)
        if !isCallers {
            try changeLeg(old, to: .cancelled, reason: .replaced)
            try changeLeg(handover.device, to: .selected)
        }
        if state.phase == .connecting { try enter(.active) }
        let selected = selected(session: handover.session)
        try deliver(selected, to: handover.device, from: nil)
        try deliver(selected, to: peer, from: nil)
        // The old device is one of the others now, and may take the call back.
        try deliver(ended(.replaced), to: old, from: nil)
        if isCallers { try becomeWatcher(old) }
        try tellBystanders(of: old.user, isActive: true)
    }

    /// It came to nothing; the old device never noticed.
    mutating func failHandover(_ reason: EndReason) throws(FoldError) {
        guard let handover = state.handover else { return }
        try record(nil)
        try clearDeadlines(.handover)
        try deliver(ended(reason), to: handover.device, from: nil)
        if let peer = state.peer(of: handover.device) {
            try deliver(announcement(handover.device, handover.media, isCancelled: true), to: peer, from: nil)
        }
    }

    private func announcement(_ device: DeviceAddress, _ media: WireMedia, isCancelled: Bool) -> WireMessage {
        WireMessage.with {
            $0.handover = WireHandover.with {
                $0.media = media
                $0.device = device.device.text
                $0.cancelled = isCancelled
            }
        }
    }

    private mutating func record(_ handover: Handover?) throws(FoldError) {
        try record { $0.handoverStep = handover.map(LogHandoverStep.init) ?? LogHandoverStep() }
    }
}
