import SwitchboardProtocol

/// One call on this device as a value: what the user decides, what the server tells, what happens to the peer connections
/// and to time goes in; messages, commands and news come out. No I/O, no clock, and no randomness but the generator that it
/// is given.
///
/// The server decides who answered and when the call is over; the machine follows what it is told, except that a call which
/// the user ends is over here at once: the message that says so is in the outbox and gets through when it can. `ended` is
/// absorbing: what comes after it lawfully (messages that crossed) changes nothing.
struct CallMachine: Sendable {
    enum Output: Sendable, Equatable {
        case send(WireMessage, in: ConversationID)
        case command(PeerID, PeerCommand)
        case notify(CallEvent)
        case schedule(CallTimer, after: Duration)
        case cancel(CallTimer)
        /// `iceServersFresh` when there are some, or none are to be had now.
        case wantFreshIceServers
        /// `continues` as a call of one's own, under a new id.
        case callAgain
        case ended
    }

    var id: ConversationID
    var role: CallRole
    /// The user at the other end.
    let peer: String
    /// What the caller asked for.
    var media: CallMedia
    /// What this device's user sends.
    var chosen: CallMedia
    var state: CallState
    /// The server has selected this device and the peer's.
    var isSelected = false
    /// This device wants the call from another one of its user, and has no part in it yet.
    var isTakingOver = false
    /// The application was started anew during the call.
    var isResumed = false
    var localMedia = MediaState()
    var remoteMedia = MediaState()
    var isPeerReconnecting = false
    var securityCode = SecurityCode.unavailable

    var negotiation: Negotiation
    let generator: any RandomNumberGenerator & Sendable
    var iceServers: [IceServer]
    let times: RecoveryTimes

    /// The other's call in place of our own (glare), not selected yet.
    var isReturning = false
    var mayCallAgain = true
    /// The network changed before there was a peer to find a new path to.
    var wantsRestart = false
    /// Our offer was made before any ICE servers were known.
    var madeWithoutServers = false
    var handoverOffers = 0
    var isPlaced = false
    var isGivingUp = false

    /// More peer connections than a call makes between two moments at which a device is told of them.
    static let sessionLeap: UInt32 = 16
    /// After so many offers of ever higher sessions, it is something else that the server does not like.
    static let maximumHandoverOffers = 4

    /// What surrounds a call.
    struct Surroundings: Sendable {
        var iceServers: [IceServer]
        /// Whoever can guess it can forge security codes: the system's, but for tests.
        var generator: any RandomNumberGenerator & Sendable = SystemRandomNumberGenerator()
        var times = RecoveryTimes()
    }

    private init(
        id: ConversationID, role: CallRole, peer: String, media: CallMedia, state: CallState, _ around: Surroundings
    ) {
        (self.id, self.role, self.peer, self.media, self.state) = (id, role, peer, media, state)
        chosen = media
        generator = around.generator
        iceServers = around.iceServers
        times = around.times
        negotiation = Negotiation(
            call: id, role: role, asked: media, iceServers: iceServers, generator: generator)
    }

    /// Of the callee.
    static func incoming(_ id: ConversationID, _ invite: WireInvite, _ around: Surroundings) -> CallMachine {
        CallMachine(
            id: id, role: .callee, peer: invite.caller, media: CallMedia(invite.media), state: .ringing, around)
    }

    /// Of the caller; `placed()` follows.
    static func outgoing(_ id: ConversationID, to callee: String, _ media: CallMedia, _ around: Surroundings)
        -> CallMachine
    {
        CallMachine(id: id, role: .caller, peer: callee, media: media, state: .inviting, around)
    }

    /// Of a device that fetches a call from another one of its user; `takeOver()` follows.
    static func takingOver(_ call: CallElsewhere, _ chosen: CallMedia, _ around: Surroundings) -> CallMachine {
        var machine = CallMachine(
            id: call.id, role: call.role, peer: call.peer ?? "", media: call.media ?? chosen, state: .connecting, around
        )
        machine.chosen = chosen
        machine.isTakingOver = true
        machine.negotiation.noteSession(call.session)
        return machine
    }

    /// Of an application that was started anew; `resume()` follows.
    static func resuming(_ id: ConversationID, _ snapshot: WireSnapshot, _ around: Surroundings) -> CallMachine {
        let role: CallRole = snapshot.role == "caller" ? .caller : .callee
        let state: CallState = snapshot.state == "ringing" ? .ringing : .reconnecting
        var machine = CallMachine(
            id: id, role: role, peer: role == .caller ? snapshot.callee : snapshot.caller,
            media: CallMedia(snapshot.media), state: state, around)
        if role == .callee, snapshot.hasSelected { machine.chosen = CallMedia(snapshot.selected.media) }
        machine.isResumed = true
        machine.isSelected = state != .ringing
        machine.negotiation.noteSession(snapshot.session)
        return machine
    }

    // MARK: - Beginnings

    mutating func placed() -> [Output] {
        var invite = WireMessage()
        invite.invite.callee = peer
        invite.invite.media = media.wire
        madeWithoutServers = iceServers.isEmpty
        return [.send(invite, in: id)] + does { [media] in $0.offer(media) } + sendChosen()
    }

    mutating func sendChosen() -> [Output] { does { [chosen] in $0.send(chosen) } }

    mutating func takeOver() -> [Output] {
        var handover = WireMessage()
        handover.handover.media = chosen.wire
        return [.send(handover, in: id)] + offerHandover() + sendChosen() + armGivingUp()
    }

    /// Whether our call rings still or is picked up, an offer on a new connection is right: it asks the other side for one.
    mutating func resume() -> [Output] {
        let selecting = isSelected ? does { $0.selectedReceived(session: 0) } : []
        var outputs = selecting + does { [chosen, media] in $0.offer(chosen.union(media)) } + sendChosen()
        guard state == .reconnecting else { return outputs }
        // The peer knows how things stood in the life before.
        outputs.append(.send(CallMessage.mediaState(localMedia), in: id))
        return outputs + armGivingUp()
    }

    /// An incoming call is shown to the user: this device rings.
    mutating func shown() -> [Output] {
        state == .ringing && role == .callee ? [.send(CallMessage.ringing, in: id)] : []
    }

    // MARK: - What the user decides

    mutating func accept(_ media: CallMedia) throws(CallError) -> [Output] {
        guard role == .callee, state == .ringing else { throw .wrongState }
        chosen = media
        var accept = WireMessage()
        accept.accept.media = media.wire
        return [.send(accept, in: id)] + enter(.connecting) + does { $0.send(media) }
    }

    /// Cancels, declines or hangs up, whichever it is by now; nothing if the call has ended.
    mutating func hangUp(_ reason: EndReason) -> [Output] {
        guard !state.hasEnded else { return [] }
        let message: WireMessage
        let end: CallEnd
        if isTakingOver {
            // The call is another device's, and just goes on there.
            (message, end) = (CallMessage.cancel, CallEnd(.cancelled))
        } else if state.isPickedUp {
            (message, end) = (CallMessage.hangup(reason), CallEnd(reason))
        } else if role == .caller {
            (message, end) = (CallMessage.cancel, CallEnd(.cancelled))
        } else {
            (message, end) = (CallMessage.reject, CallEnd(.declined))
        }
        return [.send(message, in: id)] + finish(end)
    }

    /// Lets it ring on the user's other devices, and be quiet here.
    mutating func ignore() throws(CallError) -> [Output] {
        try leave(CallMessage.ignore, CallEnd("ignored"))
    }

    /// This device is in a call already.
    mutating func busy() throws(CallError) -> [Output] {
        try leave(CallMessage.busy, CallEnd(.busy))
    }

    mutating func leave(_ message: WireMessage, _ end: CallEnd) throws(CallError) -> [Output] {
        guard role == .callee, state == .ringing else { throw .wrongState }
        return [.send(message, in: id)] + finish(end)
    }

    mutating func sendMedia(_ media: CallMedia) throws(CallError) -> [Output] {
        guard !state.hasEnded else { throw .wrongState }
        chosen = media
        return does { $0.send(media) }
    }

    mutating func announce(_ media: MediaState) -> [Output] {
        localMedia = media
        return isSelected && !state.hasEnded ? [.send(CallMessage.mediaState(media), in: id)] : []
    }

    mutating func sendInfo(type: String, body: String) throws(CallError) -> [Output] {
        guard isSelected, !state.hasEnded else { throw .wrongState }
        var message = WireMessage()
        message.info.type = type
        message.info.body = body
        return [.send(message, in: id)]
    }

    mutating func restartICE() -> [Output] {
        state.hasEnded ? [] : [.wantFreshIceServers]
    }

    // MARK: - Glare

    /// Another call object goes on with this one's conversation: for the application this one has ended.
    ///
    /// - Returns: what was prepared in it.
    mutating func surrendered() -> (negotiation: Negotiation, outputs: [Output]) {
        let prepared = negotiation
        negotiation = Negotiation(
            call: id, role: role, asked: media, iceServers: iceServers, generator: generator)
        return (prepared, finish(CallEnd(.glare)))
    }

    /// Both had called each other: this object goes on as the winner's call, and picks that one up.
    mutating func continues(as winner: WireGlare, _ id: ConversationID, prepared: Negotiation?) -> [Output] {
        let previous = self.id
        var outputs = begin(id, .callee, CallMedia(winner.media), prepared)
        isReturning = true
        state = .connecting
        outputs.append(.notify(.glare(previous: previous, id: id, role: .callee)))
        var accept = WireMessage()
        accept.accept.media = chosen.wire
        outputs.append(.send(accept, in: id))
        if negotiation.current != nil { outputs.append(.notify(.peerConnectionChanged)) }
        return outputs + sendChosen() + [.notify(.stateChanged(state))]
    }

    /// The winner was over before it was picked up: this object goes on as one more call of its own.
    mutating func continues(under id: ConversationID) -> [Output] {
        let previous = self.id
        var outputs = begin(id, .caller, chosen, nil)
        mayCallAgain = false
        state = .inviting
        outputs.append(.notify(.glare(previous: previous, id: id, role: .caller)))
        return outputs + placed() + [.notify(.stateChanged(state))]
    }

    mutating func begin(_ id: ConversationID, _ role: CallRole, _ media: CallMedia, _ prepared: Negotiation?)
        -> [Output]
    {
        let outputs = does { $0.close() } + stopRecovering()
        (self.id, self.role, self.media) = (id, role, media)
        (isReturning, isSelected, isPlaced) = (false, false, false)
        negotiation =
            prepared
            ?? Negotiation(
                call: id, role: role, asked: media, iceServers: iceServers, generator: generator)
        return outputs
    }

    // MARK: - States

    mutating func enter(_ state: CallState) -> [Output] {
        self.state = state
        return [.notify(.stateChanged(state))]
    }

    mutating func end(_ end: CallEnd) -> [Output] {
        guard !state.hasEnded else { return [] }
        if isReturning, end.known != .answeredElsewhere {
            // The other's call is over before it was picked up, and ours made way for it: the user still wants one.
            isReturning = false
            if mayCallAgain { return [.callAgain] }
        }
        return finish(end)
    }

    mutating func finish(_ end: CallEnd) -> [Output] {
        guard !state.hasEnded else { return [] }
        let outputs = enter(.ended(end))
        return stopRecovering() + does { $0.close() } + outputs + [.ended]
    }
}
