import SwiftProtobuf
import SwitchboardProtocol

/// An entry that this node cannot fold. It throws and never traps: a log that nobody can fold quarantines one conversation.
enum FoldError: Error, Sendable, Equatable {
    /// Written at a feature level that this node does not have.
    case levelTooHigh(UInt32)
    case malformed(String)
}

extension ConversationState {
    /// Folds one entry. `isFirstLoaded`: a restore starts here, so a checkpoint in it replaces everything.
    /// `known`: the highest level that this node is to understand.
    mutating func apply(
        _ entry: LogEntry, at index: UInt32, isFirstLoaded: Bool = false, known: UInt32 = FeatureLevel.newest
    ) throws(FoldError) {
        guard entry.level <= known else { throw .levelTooHigh(entry.level) }
        if isFirstLoaded, index > 1 {
            for fact in entry.facts {
                guard case .checkpoint(let checkpoint)? = fact.fact else { continue }
                try restore(from: checkpoint, at: index)
                epoch = entry.epoch
                requiredLevel = entry.level
                return
            }
            throw .malformed("the log starts at \(index) without a checkpoint")
        }
        requiredLevel = max(requiredLevel, entry.level)
        for fact in entry.facts {
            try apply(fact, at: index)
        }
    }

    /// Folds one fact of the entry at `index`. Unknown facts of an understood level have no effect.
    mutating func apply(_ fact: LogFact, at index: UInt32) throws(FoldError) {
        switch fact.fact {
        case .barrier: epoch = index
        case .opened(let opened): try apply(opened)
        case .taken(let taken): try apply(taken)
        case .outboxReplaced(let replaced): try apply(replaced)
        case .delivery(let delivery): try apply(delivery)
        case .legChanged(let change): try apply(change)
        case .selection(let selection): try apply(selection)
        case .phase(let change):
            guard let phase = CallPhase(rawValue: change.state) else { throw .malformed("phase \(change.state)") }
            self.phase = phase
        case .deadline(let change): apply(change, at: index)
        case .closed(let closed):
            ending = Ending(reason: closed.reason, detail: closed.detail)
            phase = .ended
            held = []
            deadlines = [:]
            handover = nil
        case .checkpoint: checkpointIndex = index
        case .heldDropped(let dropped):
            held.removeAll {
                dropped.user.isEmpty
                    || ($0.sender.user.text == dropped.user && $0.sender.device.text == dropped.device)
            }
        case .notified(let push):
            if push.outcome == PushOutcome.taken.rawValue { pushesTaken.insert(push.endpoint) }
        case .watching(let watching):
            let address = try Self.address(watching.user, watching.device)
            watchers.insert(address)
            if queues[address] == nil { queues[address] = DeliveryQueue() }
        case .handoverStep(let step): try apply(step)
        case nil: break
        }
    }

    private mutating func apply(_ opened: LogOpened) throws(FoldError) {
        opening = Opening(
            caller: try Self.address(opened.caller, opened.callerDevice),
            callee: opened.callee.isEmpty ? nil : UserID(trusted: opened.callee),
            media: opened.media, ringTimeout: Duration(wireMilliseconds: opened.ringTimeoutMs),
            inviteDigest: opened.inviteDigest, isSilenced: opened.silenced)
    }

    private mutating func apply(_ taken: LogTaken) throws(FoldError) {
        let address = try Self.address(taken.user, taken.device)
        let outbox = OutboxID(trusted: taken.outbox)
        outboxes[OutboxKey(address: address, outbox: outbox), default: Outbox()]
            .take(digest: taken.digest, refusal: taken.refusal)
        if currentOutbox[address] == nil {
            currentOutbox[address] = CurrentOutbox(outbox: outbox, connection: taken.connection)
        }
        guard taken.hasHeld else { return }
        let reference = LogHeldReference.with {
            $0.user = taken.user
            $0.device = taken.device
            $0.outbox = taken.outbox
            $0.number = taken.number
        }
        held.append(HeldItem(reference: reference, sender: address, message: taken.held))
        noteSession(taken.held)
    }

    private mutating func noteSession(_ message: WireMessage) {
        if case .description_p(let description)? = message.content {
            highestSession = max(highestSession, description.session)
        }
    }

    private mutating func apply(_ replaced: LogOutboxReplaced) throws(FoldError) {
        let address = try Self.address(replaced.user, replaced.device)
        currentOutbox[address] = CurrentOutbox(
            outbox: OutboxID(trusted: replaced.outbox), connection: replaced.connection)
    }

    private mutating func apply(_ delivery: LogDelivery) throws(FoldError) {
        let message: WireMessage
        switch delivery.body {
        case .message(let content): message = content
        case .held(let reference):
            guard let item = held.first(where: { $0.reference == reference }) else {
                throw .malformed("a delivery names an item that is not held")
            }
            message = item.message
        case nil: throw .malformed("a delivery without a body")
        }
        let queued = QueuedDelivery(
            fromUser: delivery.fromUser, fromDevice: delivery.fromDevice, timeMilliseconds: delivery.timeMs,
            message: message)
        noteSession(message)
        if case .description_p(let description)? = message.content, description.type == "offer",
            isCaller(UserID(trusted: delivery.fromUser)), phase.isBeforePickup
        {
            newestOffer = Negotiation(session: description.session, revision: description.revision)
        }
        if delivery.device.isEmpty {
            broadcast.append(queued)
            for address in legs.keys {
                queues[address, default: DeliveryQueue()].append(queued)
            }
        } else {
            queues[try Self.address(delivery.user, delivery.device), default: DeliveryQueue()].append(queued)
        }
    }

    private mutating func apply(_ change: LogLegChanged) throws(FoldError) {
        let address = try Self.address(change.user, change.device)
        guard let state = Leg.State(rawValue: change.state) else { throw .malformed("leg \(change.state)") }
        if legs[address] == nil, queues[address] == nil {
            queues[address] = queue(of: address)
        }
        legs[address] = Leg(state: state, reason: change.reason)
    }

    private mutating func apply(_ selected: LogSelection) throws(FoldError) {
        guard let callerDevice = DeviceID(selected.callerDevice), let calleeDevice = DeviceID(selected.calleeDevice)
        else { throw .malformed("a selection without devices") }
        selection = Selection(callerDevice: callerDevice, calleeDevice: calleeDevice, media: selected.media)
    }

    /// An empty kind clears all. Of a kind that is not known here nothing is made: its entry's level is not known either.
    private mutating func apply(_ change: LogDeadline, at index: UInt32) {
        guard !change.kind.isEmpty else {
            deadlines = [:]
            return
        }
        guard let kind = DeadlineKind(rawValue: change.kind) else { return }
        guard change.durationMs > 0 else {
            deadlines[kind] = nil
            return
        }
        deadlines[kind] = Deadline(kind: kind, duration: Duration(wireMilliseconds: change.durationMs), since: index)
    }

    private mutating func apply(_ step: LogHandoverStep) throws(FoldError) {
        guard !step.device.isEmpty else {
            handover = nil
            return
        }
        let device = try Self.address(step.user, step.device)
        if queues[device] == nil { queues[device] = DeliveryQueue() }
        handover = Handover(
            device: device, media: step.media, session: step.session, isDeviceConnected: step.deviceConnected,
            isPeerConnected: step.peerConnected)
    }

    static func address(_ user: String, _ device: String) throws(FoldError) -> DeviceAddress {
        guard let user = UserID(user), let device = DeviceID(device) else {
            throw .malformed("an address is empty or invalid")
        }
        return DeviceAddress(user: user, device: device)
    }
}
