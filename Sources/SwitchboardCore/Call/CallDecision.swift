import SwiftProtobuf
import SwitchboardProtocol

/// Decides what inputs mean: reads the state, writes facts, and applies each at once to its own copy of the state, so that
/// the next input of the same batch sees it. Nothing of it may be told to anybody before the facts are committed; if the
/// commit fails, the whole decision is thrown away and taken again on the state as it then is.
struct CallDecision: Sendable {
    /// As it will be when `facts` are committed.
    private(set) var state: ConversationState
    private(set) var facts: [LogFact] = []
    private(set) var replies: [ConversationReply] = []
    /// What the store does beside, in the same transaction and only if the entry takes effect.
    var pair: PairStep?
    var push: PushStep?
    var command: EndCommand?
    /// Index of the entry that will hold the facts.
    let index: UInt32
    let time: TurnTime
    let limits: CallLimits
    let context: CallContext

    init(
        state: ConversationState, index: UInt32, time: TurnTime, limits: CallLimits,
        context: CallContext = CallContext()
    ) {
        self.state = state
        self.index = index
        self.time = time
        self.limits = limits
        self.context = context
    }

    /// - Throws: `FoldError` if a fact cannot be folded, which is a defect of ours; the caller drops the input.
    mutating func decide(_ input: ConversationInput) throws(FoldError) {
        switch input {
        case .send(let origin, let number, let message, let verdict):
            try decideSend(origin, number, message, verdict)
        case .attach(let origin, let cursor): try decideAttach(origin, cursor)
        case .devicesFound(let devices): try decideFound(devices)
        case .devicesLeft: try judgeAbsence()
        case .deadlinePassed(let deadline): try decideDeadline(deadline)
        case .pushAnswered(let endpoint, let outcome): try decidePushAnswer(endpoint, outcome)
        case .endRequested(let reason): try decideReplacement(reason)
        }
    }

    /// Writes a fact and sees its effect.
    mutating func record(_ build: (inout LogFact) -> Void) throws(FoldError) {
        var fact = LogFact()
        build(&fact)
        try state.apply(fact, at: index)
        facts.append(fact)
    }

    mutating func reply(_ reply: ConversationReply) {
        replies.append(reply)
    }

    /// Whether the cluster writes kinds of facts that came with the second level: a node of the first would not fold them.
    var writesSecondLevel: Bool { context.featureLevel >= 2 }

    // MARK: Sends

    /// The order of checks: does the conversation exist for this user; is the outbox the device's newest; is the number
    /// new; only then what the message means.
    private mutating func decideSend(
        _ origin: Origin, _ number: UInt32, _ message: WireMessage, _ verdict: CallVerdict?
    ) throws(FoldError) {
        guard state.isOpen else { return try decideOpening(origin, number, message, verdict) }
        guard state.isMember(origin.address.user) else { return reply(.rejected(origin, number: number, .notFound)) }
        let digest = message.digest()
        if state.isEnded {
            return answerAfterEnd(origin, number, digest)
        }
        if let current = state.currentOutbox[origin.address], current.outbox != origin.outbox {
            guard origin.counter > current.connection else {
                return reply(.rejected(origin, number: number, .superseded))
            }
            try record {
                $0.outboxReplaced = LogOutboxReplaced.with {
                    $0.user = origin.address.user.text
                    $0.device = origin.address.device.text
                    $0.outbox = origin.outbox.text
                    $0.connection = origin.counter
                }
            }
        }
        let outbox = state.outboxes[OutboxKey(address: origin.address, outbox: origin.outbox)] ?? Outbox()
        if number <= outbox.accepted {
            return answerRepeat(origin, number, digest, outbox)
        }
        guard number == outbox.accepted + 1 else {
            return reply(.rejected(origin, number: outbox.accepted + 1, .gap))
        }
        if index >= limits.maximumEntries, !message.endsCall {
            return try take(origin, number, digest, refusal: .callLimit)
        }
        if let problem = MessageRules.problem(with: message, from: origin.address.user) {
            return try take(origin, number, digest, refusal: problem)
        }
        if let peerQueue = state.peer(of: origin.address).map(state.queue(of:)),
            peerQueue.pendingCount >= limits.maximumPendingDeliveries
                || peerQueue.pendingBytes >= limits.maximumPendingBytes,
            !message.endsCall
        {
            return reply(.rejected(origin, number: number, .overloaded))
        }
        let send = TakenSend(origin: origin, number: number, digest: digest, message: message)
        if state.phase.isBeforePickup {
            if state.isCaller(origin.address.user) {
                try decideFromCaller(send)
            } else {
                try decideFromLeg(send)
            }
        } else {
            try decideAfterPickup(send)
        }
    }

    /// The same number again: the same answer, no effect. Other content under it is a client's bug and never acknowledged.
    private mutating func answerRepeat(_ origin: Origin, _ number: UInt32, _ digest: UInt64, _ outbox: Outbox) {
        guard let earlier = outbox.result(of: number) else {
            return reply(.accepted(origin, number: outbox.accepted))
        }
        guard earlier.digest == digest else { return reply(.rejected(origin, number: number, .numberReused)) }
        reply(.accepted(origin, number: outbox.accepted))
        if let refusal = ErrorName(rawValue: earlier.refusal) {
            reply(.refused(origin, number: number, refusal))
        }
    }

    /// A closed log takes nothing: what comes late is accepted without effect, and the end is in the queue already.
    private mutating func answerAfterEnd(_ origin: Origin, _ number: UInt32, _ digest: UInt64) {
        let outbox = state.outboxes[OutboxKey(address: origin.address, outbox: origin.outbox)] ?? Outbox()
        if let earlier = outbox.result(of: number), earlier.digest != digest {
            return reply(.rejected(origin, number: number, .numberReused))
        }
        reply(.accepted(origin, number: max(number, outbox.accepted)))
    }

    /// Consumes the number: with the message's effect (facts that follow) or with a refusal.
    mutating func take(
        _ origin: Origin, _ number: UInt32, _ digest: UInt64, refusal: ErrorName? = nil, held: WireMessage? = nil
    ) throws(FoldError) {
        try record {
            $0.taken = LogTaken.with {
                $0.user = origin.address.user.text
                $0.device = origin.address.device.text
                $0.outbox = origin.outbox.text
                $0.number = number
                $0.digest = digest
                $0.refusal = refusal?.rawValue ?? ""
                $0.connection = origin.counter
                if let held { $0.held = held }
            }
        }
        reply(.accepted(origin, number: number))
        if let refusal {
            reply(.refused(origin, number: number, refusal))
        }
    }

    // MARK: Deliveries

    /// Puts a message into a device's queue; `from` nil: the server.
    mutating func deliver(_ message: WireMessage, to address: DeviceAddress, from sender: DeviceAddress?)
        throws(FoldError)
    {
        let time = time.wallMilliseconds
        try record {
            $0.delivery = LogDelivery.with {
                $0.user = address.user.text
                $0.device = address.device.text
                $0.fromUser = sender?.user.text ?? ""
                $0.fromDevice = sender?.device.text ?? ""
                $0.timeMs = time
                $0.message = message
            }
        }
    }

    /// Puts a message into the queues of all devices of the callee, those not known yet included. The sender's device is
    /// not told before pickup.
    mutating func broadcast(_ message: WireMessage, fromUser: UserID?) throws(FoldError) {
        guard let callee = state.opening?.callee else { return }
        let time = time.wallMilliseconds
        try record {
            $0.delivery = LogDelivery.with {
                $0.user = callee.text
                $0.fromUser = fromUser?.text ?? ""
                $0.timeMs = time
                $0.message = message
            }
        }
    }

    /// Releases a held item into a device's queue, by reference.
    mutating func release(_ item: HeldItem, to address: DeviceAddress) throws(FoldError) {
        let time = time.wallMilliseconds
        try record {
            $0.delivery = LogDelivery.with {
                $0.user = address.user.text
                $0.device = address.device.text
                $0.fromUser = item.sender.user.text
                $0.fromDevice = item.sender.device.text
                $0.timeMs = time
                $0.held = item.reference
            }
        }
    }

    mutating func changeLeg(_ address: DeviceAddress, to leg: Leg.State, reason: EndReason? = nil) throws(FoldError) {
        try record {
            $0.legChanged = LogLegChanged.with {
                $0.user = address.user.text
                $0.device = address.device.text
                $0.state = leg.rawValue
                $0.reason = reason?.rawValue ?? ""
            }
        }
    }

    mutating func enter(_ phase: CallPhase) throws(FoldError) {
        try record { $0.phase = LogPhase.with { $0.state = phase.rawValue } }
    }

    /// Starts it anew. Kinds that an older node would not fold are left out until the cluster's level allows them.
    mutating func setDeadline(_ kind: DeadlineKind, _ duration: Duration) throws(FoldError) {
        let fact = LogFact.with {
            $0.deadline = LogDeadline.with {
                $0.kind = kind.rawValue
                $0.durationMs = duration.milliseconds
            }
        }
        guard fact.requiredLevel <= context.featureLevel else { return }
        try record { $0 = fact }
    }

    mutating func clearDeadlines(_ kinds: DeadlineKind...) throws(FoldError) {
        for kind in kinds where state.deadlines[kind] != nil {
            try record { $0.deadline = LogDeadline.with { $0.kind = kind.rawValue } }
        }
    }
}

/// A send with a number that is next, about to be taken.
struct TakenSend: Sendable {
    var origin: Origin
    var number: UInt32
    var digest: UInt64
    var message: WireMessage

    var sender: DeviceAddress { origin.address }
}

extension CallDecision {
    mutating func take(_ send: TakenSend, refusal: ErrorName? = nil, held: WireMessage? = nil) throws(FoldError) {
        try take(send.origin, send.number, send.digest, refusal: refusal, held: held)
    }
}

extension WireMessage {
    /// Whether the message asks for the end of the call; that is taken even when nothing else is.
    var endsCall: Bool {
        switch content {
        case .cancel, .hangup, .reject: true
        default: false
        }
    }
}
