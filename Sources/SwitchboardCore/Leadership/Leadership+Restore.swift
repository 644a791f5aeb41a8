import DequeModule
import SwiftProtobuf
import SwitchboardProtocol

/// Reading the log: after a claim, a clash, a doubt.
extension Leadership {
    /// The log as the store has it; nil: there is none.
    mutating func loaded(_ log: StoredLog?, _ time: TurnTime) -> [LeadershipEffect] {
        guard stage == .loading else { return [] }
        guard let log, let last = log.entries.last else { return loadedNothing() }
        let folded: ConversationState
        do throws(FoldError) {
            folded = try Self.fold(log, known: configuration.knownFeatureLevel)
        } catch {
            stage = .quarantined
            if case .levelTooHigh(let level) = error {
                return rejectWaiting(.leaderUnavailable) + [.needsLevel(level)]
            }
            return rejectWaiting(.serverError) + [.quarantined(reason: "the log cannot be folded: \(error)")]
        }
        let work = inFlight
        let isFirstLoad = position == nil && work == nil
        // What was in flight, if it is in the log after all.
        let mine = work.flatMap { work in
            log.entries.contains { $0.id == work.id && $0.index == work.index } ? work : nil
        }
        let ownEpoch = mine.map { $0.state.epoch == $0.index ? $0.index : epoch } ?? epoch
        let knownEpoch = max(ownEpoch, state.epoch)
        state = folded
        position = Position(index: last.index, id: last.id, born: log.born)
        noteDeadlines(log, time)
        if let work { requeue(work) }
        if folded.isEnded {
            // Also the way in which a node without a leadership answers from a closed log. Nothing may follow the end, so it
            // is no barrier but a commit elsewhere in the store that proves that the end will stay. It proves so only if the
            // end is still there afterwards: a failover between the two may have taken it back.
            epoch = folded.epoch
            guard endToFindAgain == last.id else {
                stage = .confirmingEnd
                return [.confirmEnd]
            }
            stage = .closed
            return pump() + [.ended] + wake()
        }
        endToFindAgain = nil
        if isQuarantined(log) {
            stage = .quarantined
            return rejectWaiting(.serverError) + [
                .quarantined(reason: "\(configuration.quarantineClaims) leaders failed on it in a row")
            ]
        }
        if !isFirstLoad, folded.epoch > knownEpoch {
            // Somebody else raised a barrier after ours.
            stage = .askingCoordinator
            return [.readClaim]
        }
        if let mine, mine.kind != .confirmation, !outcomeInDoubt, folded.epoch == ownEpoch {
            // Our own write came through, and nobody's barrier is after it. Its inputs are decided again, as repeats. (After
            // an unknown outcome that would acknowledge ghosts: then a fresh barrier comes first.)
            epoch = ownEpoch
            stage = .leading
            return scheduleRestoredDeadlines(time) + [.leading(epoch: epoch, [])] + pump() + wake()
        }
        stage = .raisingBarrier
        return scheduleRestoredDeadlines(time) + wake()
    }

    /// A commit elsewhere has returned after the end was read: what precedes it stays, if it is still there.
    mutating func endConfirmed() -> [LeadershipEffect] {
        guard stage == .confirmingEnd else { return [] }
        endToFindAgain = position?.id
        stage = .loading
        return [.load]
    }

    private mutating func loadedNothing() -> [LeadershipEffect] {
        if let work = inFlight { requeue(work) }
        if position != nil {
            // A log that vanishes under its leader: collected, or another database. Nothing can be said of it any more.
            position = nil
            state = ConversationState()
            epoch = 0
        }
        // Else the first append did not come through.
        stage = .fresh
        isKnownEmpty = !inbox.isEmpty
        return wake()
    }

    static func fold(_ log: StoredLog, known: UInt32) throws(FoldError) -> ConversationState {
        var state = ConversationState()
        var isFirst = true
        for stored in log.entries {
            try state.apply(stored.entry, at: stored.index, isFirstLoaded: isFirst, known: known)
            isFirst = false
        }
        return state
    }

    /// The coordinator's answer to `readClaim`.
    mutating func claimRead(leader: Incarnation?, version: Int32) -> [LeadershipEffect] {
        guard stage == .askingCoordinator else { return [] }
        guard leader == node else { return stepDown() }
        self.version = version
        stage = .raisingBarrier
        return wake()
    }

    /// The coordinator could not be asked: ask again later; nothing is said meanwhile.
    var asksCoordinator: Bool { stage == .askingCoordinator }

    mutating func stepDown() -> [LeadershipEffect] {
        var work = targets.map { DroppedWork(target: $0.key, address: $0.value.address) }
        for input in inbox {
            switch input {
            case .send(let origin, _, _, _), .attach(let origin, _):
                if targets[origin.key] == nil {
                    work.append(DroppedWork(target: origin.key, address: origin.address))
                }
            case .devicesFound, .devicesLeft, .deadlinePassed, .pushAnswered, .endRequested: continue
            }
        }
        return [.steppedDown(work)]
    }

    /// Refuses the sends that wait, for the time being; the rest stays. Those whose outcome is unknown stay too, and their
    /// senders are told once: what they send again will be found to be a repeat.
    mutating func rejectWaiting(_ name: ErrorName) -> [LeadershipEffect] {
        var unsure: [ConversationInput] = []
        if stage == .loading, let work = inFlight, !work.isTold {
            unsure = work.inputs
            inFlight?.isTold = true
        }
        var effects: [LeadershipEffect] = []
        for case .send(let origin, let number, _, _) in unsure + inbox {
            effects.append(pushError(name, to: origin, number: number, retryAfter: .seconds(2)))
        }
        inbox.removeAll { if case .send = $0 { true } else { false } }
        inboxBytes = inbox.reduce(0) { $0 + $1.cost }
        return effects
    }

    /// Barriers of different incarnations in a row, all recent, with nothing between them: whoever leads it dies of it.
    private func isQuarantined(_ log: StoredLog) -> Bool {
        var incarnations: Set<Incarnation> = []
        for stored in log.entries.reversed() {
            guard stored.age < configuration.quarantineWindow, stored.entry.facts.count == 1,
                case .barrier? = stored.entry.facts.first?.fact
            else { break }
            incarnations.insert(stored.id.incarnation)
        }
        incarnations.remove(node)
        return incarnations.count >= configuration.quarantineClaims
    }

    // MARK: Deadlines

    /// The elapsed part of a deadline comes from the store's clock; time in which nobody led does not count in full.
    private mutating func noteDeadlines(_ log: StoredLog, _ time: TurnTime) {
        deadlinesDue = state.deadlines.mapValues { deadline in
            let age = log.entries.last { $0.index == deadline.since }?.age ?? .zero
            let left = max(
                deadline.duration - age, min(deadline.duration, configuration.minimumDeadlineAfterRestore))
            return time.now + left
        }
    }

    private func scheduleRestoredDeadlines(_ time: TurnTime) -> [LeadershipEffect] {
        state.deadlines.values.sorted { $0.kind < $1.kind }.compactMap { deadline in
            deadlinesDue[deadline.kind].map { .scheduleDeadline(deadline, after: max($0 - time.now, .zero)) }
        }
    }
}
