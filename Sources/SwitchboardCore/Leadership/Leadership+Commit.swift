import SwiftProtobuf
import SwitchboardProtocol

/// What the store is asked to do for a conversation in its next transaction.
enum CommitStep: Sendable {
    case append(LogAppend)
    case confirm(LogConfirmation)
}

/// Numbers the appends of one node incarnation.
struct AppendCounter: Sendable {
    let incarnation: Incarnation
    private var last: UInt64 = 0

    init(incarnation: Incarnation) {
        self.incarnation = incarnation
    }

    mutating func next() -> AppendID {
        last += 1
        return AppendID(incarnation: incarnation, counter: last)
    }
}

extension Leadership {
    /// Decides what waits and says what is to be committed; nil with effects if no transaction is needed.
    mutating func nextStep(_ time: TurnTime, _ counter: inout AppendCounter) -> (CommitStep?, [LeadershipEffect]) {
        guard hasWork else { return (nil, []) }
        if stage == .raisingBarrier {
            return (barrier(time, &counter), [])
        }
        let wasKnownEmpty = isKnownEmpty
        isKnownEmpty = false
        let index = (position?.index ?? 0) + 1
        var decision = CallDecision(
            state: state, index: index, time: time, limits: configuration.call, context: context)
        var dropped: [LeadershipEffect] = []
        if stage == .fresh {
            do throws(FoldError) {
                let node = node
                try decision.record { $0.barrier = LogBarrier.with { $0.incarnation = node.text } }
            } catch {
                dropped.append(.quarantined(reason: "\(error)"))
            }
        }
        let inputs = takeInputs()
        for input in stage == .fresh ? Self.sendsFirst(inputs) : inputs {
            let before = decision
            do throws(FoldError) {
                try decision.decide(input)
            } catch {
                decision = before  // a defect of ours: only this input fails
                if case .send(let origin, let number, _, _) = input {
                    dropped.append(pushError(.serverError, to: origin, number: number, retryAfter: .seconds(5)))
                }
            }
        }
        if stage == .fresh, !decision.state.isOpen {
            guard wasKnownEmpty else {
                // An election that created the node is no proof that there is no log: others may have led meanwhile.
                requeue(inputs)
                stage = .loading
                return (nil, [.load])
            }
            // Nothing opened it: the conversation stays unknown, and its node in the coordinator is taken back.
            return (nil, dropped + answer(decision.replies) + [.ended] + wake())
        }
        if decision.facts.isEmpty {
            if stage == .closed {
                return (nil, dropped + answer(decision.replies) + wake())
            }
            guard let position else { return (nil, dropped) }
            inFlight = InFlight(
                kind: .confirmation, index: position.index, id: position.id, state: state, inputs: inputs,
                replies: decision.replies)
            let confirmation = LogConfirmation(
                conversation: conversation, index: position.index, id: position.id, born: position.born)
            return (.confirm(confirmation), dropped)
        }
        var facts = decision.facts
        var working = decision.state
        let isCheckpoint =
            index >= working.checkpointIndex + configuration.call.checkpointInterval && !working.isEnded
        if isCheckpoint {
            let left = remaining(of: working.deadlines, at: index, time.now)
            facts.append(LogFact.with { $0.checkpoint = working.makeCheckpoint(remaining: left) })
            working.checkpointIndex = index
        }
        var append = makeAppend(
            facts, state: working, index: index, id: counter.next(), time: time, isCheckpoint: isCheckpoint)
        append.pair = decision.pair
        append.push = decision.push
        append.command = decision.command
        inFlight = InFlight(
            kind: .append, index: index, id: append.id, state: working, inputs: inputs, replies: decision.replies,
            command: decision.command)
        return (.append(append), dropped)
    }

    /// Before anything has opened the conversation an attach has no meaning; it may have been waiting for longer than the
    /// invite that is sent again.
    private static func sendsFirst(_ inputs: [ConversationInput]) -> [ConversationInput] {
        inputs.filter(\.isSend) + inputs.filter { !$0.isSend }
    }

    private mutating func takeInputs() -> [ConversationInput] {
        let isAlone = inputsToTryAlone > 0
        inputsToTryAlone -= isAlone ? 1 : 0
        let count = min(inbox.count, isAlone ? 1 : configuration.maximumInputsPerEntry)
        let inputs = Array(inbox.prefix(count))
        inbox.removeFirst(count)
        for input in inputs {
            inboxBytes -= input.cost
        }
        return inputs
    }

    private mutating func barrier(_ time: TurnTime, _ counter: inout AppendCounter) -> CommitStep? {
        guard let position else { return nil }
        let index = position.index + 1
        var working = state
        working.epoch = index
        let node = node
        let fact = LogFact.with { $0.barrier = LogBarrier.with { $0.incarnation = node.text } }
        let append = makeAppend(
            [fact], state: working, index: index, id: counter.next(), time: time, isCheckpoint: false)
        inFlight = InFlight(
            kind: .barrier, index: index, id: append.id, state: working, inputs: [], replies: [])
        return .append(append)
    }

    private func makeAppend(
        _ facts: [LogFact], state working: ConversationState, index: UInt32, id: AppendID, time: TurnTime,
        isCheckpoint: Bool
    ) -> LogAppend {
        let entry = LogEntry.with {
            // Of all that a restore folds from here on, so that it says who may lead.
            $0.level = facts.reduce(FeatureLevel.first) { max($0, $1.requiredLevel) }
            $0.timeMs = time.wallMilliseconds
            $0.facts = facts
            $0.epoch = working.epoch
        }
        let caller = working.opening?.caller.user ?? UserID(trusted: "?")
        // A callee who shall not hear of it does not find it either.
        let callee = working.opening?.isSilenced == true ? nil : working.opening?.callee
        let row = ConversationRow(
            caller: caller, callee: callee, leader: node, epoch: working.epoch,
            isEnded: working.isEnded, deadline: remaining(of: working.deadlines, at: index, time.now).values.min())
        return LogAppend(
            conversation: conversation, index: index, predecessor: position?.id, id: id, entry: entry,
            born: position?.born, isCheckpoint: isCheckpoint, row: row, presenceOf: presenceWanted(working, index))
    }

    /// Who is there is asked when the call begins, to ring; when a leadership does, to be found; and at pickup, to tell the
    /// other devices of both that the call goes on elsewhere.
    private func presenceWanted(_ working: ConversationState, _ index: UInt32) -> [UserID] {
        guard !working.isEnded, let opening = working.opening, !opening.isSilenced, let callee = opening.callee else {
            return []
        }
        let isPickup = state.phase.isBeforePickup && working.phase.isAfterPickup
        if working.epoch == index, position == nil { return [callee] }
        return working.epoch == index || isPickup ? [callee, opening.caller.user] : []
    }

    /// What is left of deadlines; those that this entry sets are whole.
    private func remaining(of deadlines: [DeadlineKind: Deadline], at index: UInt32, _ now: Moment)
        -> [DeadlineKind: Duration]
    {
        deadlines.mapValues { deadline in
            guard deadline.since != index, let due = deadlinesDue[deadline.kind] else { return deadline.duration }
            return max(due - now, .zero)
        }
    }

    // MARK: Outcomes

    /// The append in flight is committed. `presence`: of the users that it asked for.
    mutating func committed(born: LogDay, presence: [PresenceRow], pushes: Int = 0, _ time: TurnTime)
        -> [LeadershipEffect]
    {
        guard let done = inFlight else { return [] }
        inFlight = nil
        let wasBeforePickup = state.phase.isBeforePickup
        if done.state.epoch == done.index { outcomeInDoubt = false }
        position = Position(index: done.index, id: done.id, born: born)
        let acknowledgedQueues = state.queues
        state = done.state
        for (address, queue) in acknowledgedQueues where queue.trimmed > 0 {
            // Acknowledgements that came while the commit was on its way.
            state.queues[address]?.trim(acknowledged: queue.trimmed, keeping: 0)
        }
        var effects: [LeadershipEffect] = []
        if state.epoch == done.index {
            epoch = done.index
        }
        stage = state.isEnded ? .closed : .leading
        effects += deadlineEffects(time.now, done.index)
        switch done.kind {
        case .barrier:
            effects.append(.leading(epoch: epoch, presence))
        case .append, .confirmation:
            effects += state.phase.isAfterPickup && wasBeforePickup ? others(presence) : ring(presence)
        }
        if done.index == 1 { context.mayHavePushed = pushes > 0 }
        if pushes > 0 {
            context.pushesWaiting += pushes
            effects.append(.pushesCommitted)
        }
        if let command = done.command { effects.append(.command(command)) }
        effects += pump()
        effects += answer(done.replies)
        if state.isEnded {
            effects.append(.ended)
        }
        return effects + wake()
    }

    /// The devices that presence shows are rung at once: what they get is committed for every device of the callee.
    private mutating func ring(_ presence: [PresenceRow]) -> [LeadershipEffect] {
        guard state.phase.isBeforePickup, let callee = state.opening?.callee else { return [] }
        var found: [DeviceAddress] = []
        for row in presence.sorted(by: { $0.counter < $1.counter }) where row.key.address.user == callee {
            let key = TargetKey(front: row.key.incarnation, connection: row.key.connection)
            guard targets[key] == nil else { continue }
            guard found.contains(row.key.address) || found.count < configuration.call.maximumLegs else { continue }
            targets[key] = DeliveryTarget(address: row.key.address, sent: 0, isUnattached: true)
            if !found.contains(row.key.address) {
                found.append(row.key.address)
            }
        }
        return found.isEmpty ? [] : enqueue(.devicesFound(found))
    }

    /// The other devices of both users, which hear that the call was picked up elsewhere when their fronts attach them. (What
    /// they know already only their fronts can tell.)
    private func others(_ presence: [PresenceRow]) -> [LeadershipEffect] {
        let rows = presence.filter { row in
            targets[TargetKey(front: row.key.incarnation, connection: row.key.connection)] == nil
        }
        return rows.isEmpty ? [] : [.attachOthers(rows)]
    }

    /// The row of the two users names another call: decide again, knowing it.
    mutating func blocked(by holder: PairHolder) -> [LeadershipEffect] {
        guard let work = inFlight else { return [] }
        context.holder = holder
        requeue(work)
        return wake()
    }

    /// Nothing was committed, for certain: decide again when the lane serves it again.
    mutating func notCommitted() -> [LeadershipEffect] {
        guard let work = inFlight else { return [] }
        requeue(work)
        if outcomeInDoubt, stage == .leading || stage == .raisingBarrier {
            stage = .doubtful
        }
        return wake()
    }

    /// The log is not as this leader believes, or the outcome is unknown: read it. What was in flight stays until then.
    mutating func mustReload(outcomeUnknown: Bool = false) -> [LeadershipEffect] {
        if outcomeUnknown { outcomeInDoubt = true }
        stage = .loading
        return [.load]
    }

    /// The store refuses this entry's own data. Its inputs are tried one by one; the one that fails alone is the culprit, and
    /// the conversation goes on without it.
    mutating func refused(reason: String) -> [LeadershipEffect] {
        guard let work = inFlight else { return [] }
        guard work.kind != .barrier else {
            inFlight = nil
            stage = .quarantined
            return rejectWaiting(.serverError) + [.quarantined(reason: "the store refuses its barrier: \(reason)")]
        }
        guard work.inputs.count == 1 else {
            inputsToTryAlone = work.inputs.count
            requeue(work)
            return wake()
        }
        inFlight = nil
        var effects: [LeadershipEffect] = []
        for input in work.inputs {
            switch input {
            case .send(let origin, let number, _, _):
                effects.append(pushError(.serverError, to: origin, number: number, retryAfter: .seconds(5)))
            case .attach, .devicesFound, .devicesLeft, .deadlinePassed, .pushAnswered, .endRequested:
                continue
            }
        }
        return effects + [.inputLost(reason: "the store refuses its entry: \(reason)")] + wake()
    }

    /// The answer to a confirmation: the log ends where this leader believes, or it does not.
    mutating func confirmed(_ holds: Bool) -> [LeadershipEffect] {
        guard let work = inFlight, work.kind == .confirmation else { return [] }
        guard holds else { return mustReload() }
        inFlight = nil
        return answer(work.replies) + wake()
    }

    /// Timers for deadlines that began with this entry.
    private mutating func deadlineEffects(_ now: Moment, _ index: UInt32) -> [LeadershipEffect] {
        deadlinesDue = deadlinesDue.filter { state.deadlines[$0.key] != nil }
        var effects: [LeadershipEffect] = []
        for deadline in state.deadlines.values.sorted(by: { $0.kind < $1.kind })
        where deadline.since == index || deadlinesDue[deadline.kind] == nil {
            deadlinesDue[deadline.kind] = now + deadline.duration
            effects.append(.scheduleDeadline(deadline, after: deadline.duration))
        }
        return effects
    }
}
