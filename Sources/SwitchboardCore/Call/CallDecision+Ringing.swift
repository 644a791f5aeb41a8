import SwiftProtobuf
import SwitchboardProtocol

/// Before pickup: the caller's offer goes to every device, everything else that is prepared is held.
extension CallDecision {
    mutating func decideFromCaller(_ send: TakenSend) throws(FoldError) {
        guard send.sender == state.opening?.caller else {
            // Another device of the caller's user; it has no part before pickup.
            return try take(send, refusal: .notSelected)
        }
        switch send.message.content {
        case .invite:
            // The invite again, from a client that lost its outbox: the same content has the same answer.
            let isSame = send.digest == state.opening?.inviteDigest
            try take(send, refusal: isSame ? nil : .invalidMessage)
        case .description_p(let description):
            try decideOffer(send, description)
        case .candidates(let candidates):
            let negotiation = Negotiation(session: candidates.session, revision: candidates.revision)
            if let newest = state.newestOffer, negotiation.session < newest.session {
                return try take(send)  // of a connection that the caller has given up: nobody needs them
            }
            try hold(send)
        case .security:
            try take(send)
            try broadcast(send.message, fromUser: send.sender.user)
        case .cancel, .hangup, .reject:
            try take(send)
            try end(.cancelled)
        case nil:
            try take(send)  // a kind that this version does not know: accepted, no effect
        default:
            try take(send, refusal: .notYourTurn)
        }
    }

    private mutating func decideOffer(_ send: TakenSend, _ description: WireDescription) throws(FoldError) {
        guard description.type == "offer" else { return try take(send, refusal: .notYourTurn) }
        guard !MessageRules.holdsAddress(description.sdp) else { return try take(send, refusal: .candidatesInOffer) }
        let negotiation = Negotiation(session: description.session, revision: description.revision)
        if let newest = state.newestOffer {
            guard negotiation > newest else { return try take(send, refusal: .invalidMessage) }
        }
        try take(send)
        if let newest = state.newestOffer, negotiation.session > newest.session {
            // A new peer connection: what the old one gathered is of no use, nor are answers to it.
            try dropHeld(of: send.sender)
        }
        try dropAnswers()
        try broadcast(send.message, fromUser: send.sender.user)
    }

    mutating func decideFromLeg(_ send: TakenSend) throws(FoldError) {
        let sender = send.sender
        if state.legs[sender] == nil {
            guard state.legs.count < limits.maximumLegs else { return try take(send, refusal: .callLimit) }
            try changeLeg(sender, to: .notified)
        }
        switch send.message.content {
        case .ringing:
            try take(send)
            if state.legs[sender]?.state == .notified {
                try changeLeg(sender, to: .ringing)
            }
            if state.phase == .inviting, let caller = state.opening?.caller {
                try enter(.ringing)
                // The caller hears that it rings, never where.
                try deliver(WireMessage.with { $0.ringing = WireRinging() }, to: caller, from: nil)
            }
        case .description_p(let description):
            guard description.type == "answer" else { return try take(send, refusal: .notYourTurn) }
            guard !MessageRules.holdsAddress(description.sdp) else {
                return try take(send, refusal: .candidatesInOffer)
            }
            let answered = Negotiation(session: description.session, revision: description.revision)
            guard answered == state.newestOffer else { return try take(send) }  // crossed with a newer offer
            if state.held.contains(where: { $0.sender == sender && $0.isDescription }) {
                // It has begun anew with the same offer: what its former answer had prepared is of no use.
                try dropHeld(of: sender)
            }
            try hold(send)
        case .candidates, .security:
            try hold(send)
        case .accept(let accept):
            try take(send)
            try select(sender, accept: accept)
        case .reject:
            try take(send)
            try end(.declined, by: sender)
        case .ignore:
            try take(send)
            try changeLeg(sender, to: .ignored)
        case .busy:
            try take(send)
            try changeLeg(sender, to: .busy)
            try judgeBusy()
        case nil:
            try take(send)
        default:
            try take(send, refusal: .notYourTurn)
        }
    }

    /// Pickup, in one entry: the device is selected if nobody is; both are told before anything is released; each gets what
    /// the other has prepared, in order; everybody else hears `answered_elsewhere`, and what is held from them is dropped.
    private mutating func select(_ device: DeviceAddress, accept: WireAccept) throws(FoldError) {
        guard let opening = state.opening else { return }
        let media = accept.hasMedia ? accept.media : opening.media
        try select(caller: opening.caller, callee: device, media)
        try enter(.connecting)
        try changeLeg(device, to: .selected)
        let selected = selected()
        try deliver(selected, to: device, from: nil)
        try deliver(selected, to: opening.caller, from: nil)
        for item in state.held where item.sender == opening.caller {
            try release(item, to: device)
        }
        for item in state.held where item.sender == device {
            try release(item, to: opening.caller)
        }
        for address in state.legs.keys.sorted() where address != device {
            try tellAnsweredElsewhere(address)
        }
        try record { $0.heldDropped = LogHeldDropped() }
        try clearDeadlines(.ring, .reach, .callerLost)
        try setDeadline(.connect, limits.connectTimeout)
        takeBackPushes(.answeredElsewhere)
        pair = .accept(PairKey(opening.caller.user, device.user))
    }

    mutating func select(caller: DeviceAddress, callee: DeviceAddress, _ media: WireMedia) throws(FoldError) {
        try record {
            $0.selection = LogSelection.with {
                $0.callerDevice = caller.device.text
                $0.calleeDevice = callee.device.text
                $0.media = media
            }
        }
    }

    /// Who has the call, as both of them are told.
    func selected(session: UInt32 = 0) -> WireMessage {
        WireMessage.with { $0.selected = WireSelected(state, session: session) }
    }

    // MARK: Holding

    private mutating func hold(_ send: TakenSend) throws(FoldError) {
        guard state.held.count < limits.maximumHeldItems else { return try take(send, refusal: .callLimit) }
        try take(send, held: send.message)
    }

    mutating func dropHeld(of address: DeviceAddress) throws(FoldError) {
        guard state.held.contains(where: { $0.sender == address }) else { return }
        try record {
            $0.heldDropped = LogHeldDropped.with {
                $0.user = address.user.text
                $0.device = address.device.text
            }
        }
    }

    /// A newer offer: answers to the older one, and the candidates that go with them, are of no use.
    private mutating func dropAnswers() throws(FoldError) {
        for address in state.legs.keys.sorted() {
            try dropHeld(of: address)
        }
    }
}

extension WireSelected {
    init(_ state: ConversationState, session: UInt32 = 0) {
        self = WireSelected.with {
            $0.user = state.calleeDevice?.user.text ?? ""
            $0.device = state.calleeDevice?.device.text ?? ""
            $0.callerDevice = state.callerDevice?.device.text ?? ""
            $0.media = state.selection?.media ?? WireMedia()
            $0.session = session
        }
    }
}
