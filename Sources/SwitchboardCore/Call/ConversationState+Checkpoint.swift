import SwiftProtobuf
import SwitchboardProtocol

extension ConversationState {
    /// The folded state as a fact, so that a restore need not read what is before it. `remaining`: what is left of the
    /// deadlines, which count from the checkpoint's entry for whoever restores from it.
    func makeCheckpoint(remaining: [DeadlineKind: Duration]) -> LogCheckpoint {
        LogCheckpoint.with { checkpoint in
            if let opening {
                checkpoint.opened = LogOpened.with {
                    $0.caller = opening.caller.user.text
                    $0.callerDevice = opening.caller.device.text
                    $0.callee = opening.callee?.text ?? ""
                    $0.media = opening.media
                    $0.ringTimeoutMs = opening.ringTimeout.milliseconds
                    $0.inviteDigest = opening.inviteDigest
                    $0.silenced = opening.isSilenced
                }
            }
            checkpoint.state = phase.rawValue
            if let ending {
                checkpoint.endReason = ending.reason
                checkpoint.endDetail = ending.detail
            }
            if let selection {
                checkpoint.selection = LogSelection.with {
                    $0.callerDevice = selection.callerDevice.text
                    $0.calleeDevice = selection.calleeDevice.text
                    $0.media = selection.media
                }
            }
            checkpoint.legs = legs.sorted { $0.key < $1.key }.map { address, leg in
                LogLegChanged.with {
                    $0.user = address.user.text
                    $0.device = address.device.text
                    $0.state = leg.state.rawValue
                    $0.reason = leg.reason
                }
            }
            checkpoint.outboxes = outboxStates()
            checkpoint.held = held.map { item in
                LogHeldItem.with {
                    $0.reference = item.reference
                    $0.message = item.message
                }
            }
            checkpoint.queues = queues.sorted { $0.key < $1.key }.map { address, queue in
                LogQueueState.with {
                    $0.user = address.user.text
                    $0.device = address.device.text
                    $0.last = queue.last
                    $0.pending = queue.pending.map(Self.delivery)
                }
            }
            checkpoint.broadcast = broadcast.map(Self.delivery)
            checkpoint.deadlines = deadlines.values.sorted { $0.kind < $1.kind }.map { deadline in
                LogDeadline.with {
                    $0.kind = deadline.kind.rawValue
                    // Never zero, which would clear it.
                    $0.durationMs = max((remaining[deadline.kind] ?? deadline.duration).milliseconds, 1)
                }
            }
            checkpoint.watching = watchers.sorted().map { watcher in
                LogWatching.with {
                    $0.user = watcher.user.text
                    $0.device = watcher.device.text
                }
            }
            if let handover { checkpoint.handoverStep = LogHandoverStep(handover) }
            checkpoint.highestSession = highestSession
            checkpoint.notified = pushesTaken.sorted().map { endpoint in
                LogNotified.with {
                    $0.endpoint = endpoint
                    $0.outcome = PushOutcome.taken.rawValue
                }
            }
            if let newestOffer {
                checkpoint.newestOffers = [
                    LogDescription.with {
                        $0.description_p.session = newestOffer.session
                        $0.description_p.revision = newestOffer.revision
                    }
                ]
            }
        }
    }

    private func outboxStates() -> [LogOutboxState] {
        var known = outboxes
        for (address, current) in currentOutbox {
            // One that has replaced another and has sent nothing lawful yet.
            let key = OutboxKey(address: address, outbox: current.outbox)
            if known[key] == nil { known[key] = Outbox() }
        }
        return known.sorted { ($0.key.address, $0.key.outbox) < ($1.key.address, $1.key.outbox) }.map { key, outbox in
            LogOutboxState.with {
                $0.user = key.address.user.text
                $0.device = key.address.device.text
                $0.outbox = key.outbox.text
                $0.accepted = outbox.accepted
                $0.digests = outbox.recent.map(\.digest)
                $0.refusals = outbox.recent.map(\.refusal)
                if let current = currentOutbox[key.address], current.outbox == key.outbox {
                    $0.current = true
                    $0.connection = current.connection
                }
            }
        }
    }

    private static func delivery(_ queued: QueuedDelivery) -> LogDelivery {
        LogDelivery.with {
            $0.fromUser = queued.fromUser
            $0.fromDevice = queued.fromDevice
            $0.timeMs = queued.timeMilliseconds
            $0.message = queued.message
        }
    }

    private static func queued(_ delivery: LogDelivery) -> QueuedDelivery {
        QueuedDelivery(
            fromUser: delivery.fromUser, fromDevice: delivery.fromDevice, timeMilliseconds: delivery.timeMs,
            message: delivery.message)
    }

    /// Replaces the state by that of a checkpoint in the entry at `index`.
    mutating func restore(from checkpoint: LogCheckpoint, at index: UInt32) throws(FoldError) {
        var restored = ConversationState()
        restored.checkpointIndex = index
        if checkpoint.hasOpened {
            try restored.apply(LogFact.with { $0.opened = checkpoint.opened }, at: index)
        }
        // The phase comes before the legs: a queue that a leg brings along is replaced below anyway.
        for leg in checkpoint.legs {
            try restored.apply(LogFact.with { $0.legChanged = leg }, at: index)
        }
        if checkpoint.hasSelection {
            try restored.apply(LogFact.with { $0.selection = checkpoint.selection }, at: index)
        }
        for state in checkpoint.outboxes {
            let address = try Self.address(state.user, state.device)
            let outbox = OutboxID(trusted: state.outbox)
            let recent = zip(state.digests, state.refusals).map { Outbox.Taken(digest: $0, refusal: $1) }
            restored.outboxes[OutboxKey(address: address, outbox: outbox)] = Outbox(
                accepted: state.accepted, recent: recent)
            if state.current {
                restored.currentOutbox[address] = CurrentOutbox(outbox: outbox, connection: state.connection)
            }
        }
        restored.held = try checkpoint.held.map { item throws(FoldError) in
            HeldItem(
                reference: item.reference, sender: try Self.address(item.reference.user, item.reference.device),
                message: item.message)
        }
        for state in checkpoint.queues {
            let pending = state.pending.map(Self.queued)
            guard state.last >= UInt32(pending.count) else { throw .malformed("a queue shorter than its contents") }
            restored.queues[try Self.address(state.user, state.device)] = DeliveryQueue(
                trimmed: state.last - UInt32(pending.count), items: pending)
        }
        restored.broadcast = checkpoint.broadcast.map(Self.queued)
        for deadline in checkpoint.deadlines {
            try restored.apply(LogFact.with { $0.deadline = deadline }, at: index)
        }
        for watching in checkpoint.watching {
            try restored.apply(LogFact.with { $0.watching = watching }, at: index)
        }
        if checkpoint.hasHandoverStep {
            try restored.apply(LogFact.with { $0.handoverStep = checkpoint.handoverStep }, at: index)
        }
        for push in checkpoint.notified {
            try restored.apply(LogFact.with { $0.notified = push }, at: index)
        }
        restored.highestSession = checkpoint.highestSession
        if let offer = checkpoint.newestOffers.first {
            restored.newestOffer = Negotiation(
                session: offer.description_p.session, revision: offer.description_p.revision)
        }
        guard let phase = CallPhase(rawValue: checkpoint.state) else { throw .malformed("phase \(checkpoint.state)") }
        restored.phase = phase
        if phase == .ended {
            restored.ending = Ending(reason: checkpoint.endReason, detail: checkpoint.endDetail)
        }
        self = restored
    }
}

extension LogHandoverStep {
    init(_ handover: Handover) {
        self = LogHandoverStep.with {
            $0.user = handover.device.user.text
            $0.device = handover.device.device.text
            $0.media = handover.media
            $0.session = handover.session
            $0.deviceConnected = handover.isDeviceConnected
            $0.peerConnected = handover.isPeerConnected
        }
    }
}
