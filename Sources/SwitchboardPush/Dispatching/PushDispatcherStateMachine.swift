public import SwitchboardCore
public import SwitchboardProtocol

/// Decides which pushes to take from the outbox, when to send each, and what to make of the answers. Performs nothing itself.
///
/// Every wait between two attempts is spent in the outbox, not here, so that it outlives this node: an attempt that failed goes
/// back with the time at which it is due again, and any node may make the next one.
public struct PushDispatcherStateMachine: Sendable {
    /// What the owner does, in this order, without waiting.
    public enum Action: Sendable {
        /// Take pushes, and report with ``claimed(_:now:)`` or ``claimFailed(now:jitter:)``.
        case claim(limit: Int)
        /// Ask when something is due, and report with ``dueKnown(_:now:)``.
        case askNextDue
        /// Send, and report with ``answered(_:_:provider:now:jitter:)``.
        case send(PushMessage, number: Int64, within: Duration)
        /// Write, and report with ``settled(now:)`` or ``settleFailed(now:jitter:)``.
        case settle([PushSettlement])
        /// Tell the call's leader what became of an invite.
        case report(ConversationID, PushEndpointID, taken: Bool)
        /// Tell people that a push was given up.
        case tellDead(ClaimedPush, reason: String)
    }

    private let limits: PushDispatcherLimits
    private let kinds: Set<PushProviderKind>
    private var pace: ClaimPace
    private var settlements: SettlementBuffer
    private var lanes: [PushProviderKind: ProviderLane] = [:]
    private var isDraining = false

    /// - Parameter kinds: the providers that this node has.
    public init(_ limits: PushDispatcherLimits, kinds: Set<PushProviderKind>, now: Moment) {
        self.limits = limits
        self.kinds = kinds
        pace = ClaimPace(limits, now: now)
        settlements = SettlementBuffer(limits)
        for kind in kinds { lanes[kind] = ProviderLane(limits) }
    }

    /// When something is to be done even if nothing happens: call ``ticked(now:)``.
    public var nextWake: Moment? {
        [isDraining || room <= 0 ? nil : pace.wake, settlements.retry].compactMap { $0 }.min()
    }

    /// Nothing is under way and nothing is left to write.
    public var isIdle: Bool {
        !pace.isClaiming && settlements.isEmpty && lanes.values.allSatisfy { $0.count == 0 }
    }

    /// Pushes in this node's hands that no provider has answered.
    public func waiting(for kind: PushProviderKind) -> Int { lanes[kind]?.count ?? 0 }

    // MARK: Inputs

    /// This node has committed pushes.
    public mutating func pushesCommitted(now: Moment) -> [Action] {
        pace.wanted(now)
        return proceed(now)
    }

    public mutating func ticked(now: Moment) -> [Action] { proceed(now) }

    public mutating func claimed(_ pushes: [ClaimedPush], limit: Int, now: Moment) -> [Action] {
        let isAll = pushes.count < limit
        pace.finished(isAll: isAll, now)
        var actions: [Action] = []
        for push in pushes { actions += take(push, now) }
        if isAll, !isDraining { actions.append(.askNextDue) }
        return actions + proceed(now)
    }

    public mutating func claimFailed(now: Moment, jitter: Double) -> [Action] {
        pace.failed(now, jitter: jitter)
        return proceed(now)
    }

    public mutating func dueKnown(_ due: Duration?, now: Moment) -> [Action] {
        pace.dueKnown(due, now)
        return proceed(now)
    }

    /// A provider has answered, or could not be asked.
    public mutating func answered(
        _ number: Int64, _ answer: ProviderAnswer, provider: PushProviderKind, now: Moment, jitter: Double
    ) -> [Action] {
        guard let held = lanes[provider]?.finished(number) else { return [] }
        var actions: [Action] = []
        switch answer {
        case .taken:
            actions += settle(held, .taken)
        case .postponed(let after, let reason):
            let delay = max(limits.retryDelay(attempts: held.push.attempts, jitter: jitter), after ?? .zero)
            // An invite whose cancel is here already would ring for a call that is over.
            let isOver = lanes[provider]?.isWaiting(held.order) ?? false
            actions +=
                isOver
                ? settle(held, .dead(reason: "the call was over before it was taken: \(reason)"))
                : postpone(held, by: delay, reason: reason, now)
        case .refused(let reason):
            actions += settle(held, .dead(reason: reason))
        case .endpointGone(let reason):
            actions += settle(held, .endpointGone(reason: reason))
        }
        return actions + proceed(now)
    }

    public mutating func settled(now: Moment) -> [Action] {
        for settlement in settlements.finished() {
            if case .postponed(let delay, _) = settlement.outcome { pace.postponed(by: delay, now) }
        }
        return proceed(now)
    }

    public mutating func settleFailed(now: Moment, jitter: Double) -> [Action] {
        settlements.failed(now, jitter: jitter)
        return proceed(now)
    }

    /// Takes nothing any more, and gives back what has not begun.
    public mutating func drainRequested(now: Moment) -> [Action] {
        isDraining = true
        for kind in kinds {
            for held in lanes[kind]?.release() ?? [] { giveBack(held, for: .zero, "the node is leaving") }
        }
        return proceed(now)
    }

    // MARK: Decisions

    private mutating func take(_ push: ClaimedPush, _ now: Moment) -> [Action] {
        let held = HeldPush(push: push, expires: now + push.expiresIn, leaseEnd: now + limits.lease)
        guard push.expiresIn > .zero else {
            return settle(held, .dead(reason: "expired after \(push.attempts) attempts"))
        }
        let kind = push.endpoint.provider
        guard let lane = lanes[kind] else {
            return postpone(held, by: limits.pollInterval, reason: "this node has no \(kind.rawValue)", now)
        }
        if isDraining {
            giveBack(held, for: .zero, "the node is leaving")
        } else if lane.isFull {
            giveBack(held, for: limits.firstRetry, "too many pushes wait for \(kind.rawValue)")
        } else {
            lanes[kind]?.add(held)
        }
        return []
    }

    /// Whatever may begin now.
    private mutating func proceed(_ now: Moment) -> [Action] {
        var actions: [Action] = []
        for kind in PushProviderKind.allCases where kinds.contains(kind) {
            while let held = lanes[kind]?.next() { actions += begin(held, now) }
        }
        let due = settlements.begin(now)
        if !due.isEmpty { actions.append(.settle(due)) }
        let room = room
        if !isDraining, room > 0, pace.begin(now) { actions.append(.claim(limit: room)) }
        return actions
    }

    /// How many pushes may be taken. What is not settled counts: if the outbox can't be written, nothing more is sent from it.
    private var room: Int {
        let most = kinds.count * (limits.sendingPerProvider + limits.waitingPerProvider)
        return min(limits.claimSize, most - lanes.values.reduce(0) { $0 + $1.count } - settlements.count)
    }

    private mutating func begin(_ held: HeldPush, _ now: Moment) -> [Action] {
        guard held.expires > now else {
            _ = lanes[held.push.endpoint.provider]?.finished(held.push.number)
            return settle(held, .dead(reason: "expired before it could be sent"))
        }
        guard held.leaseEnd > now + limits.sendTimeout else {
            // An attempt might still be under way when somebody else begins one.
            _ = lanes[held.push.endpoint.provider]?.finished(held.push.number)
            giveBack(held, for: .zero, "it has waited too long for its turn")
            return []
        }
        let left = held.expires - now
        let message = PushMessage(
            conversation: held.push.conversation, kind: held.push.kind, endpoint: held.push.endpoint, expiresIn: left)
        return [.send(message, number: held.push.number, within: min(limits.sendTimeout, max(left, .seconds(1))))]
    }

    private mutating func postpone(_ held: HeldPush, by delay: Duration, reason: String, _ now: Moment) -> [Action] {
        guard now + delay < held.expires else {
            return settle(held, .dead(reason: "expired after \(held.push.attempts + 1) attempts: \(reason)"))
        }
        return settle(held, .postponed(delay, reason: reason))
    }

    /// Back into the outbox, for whoever has time for it.
    private mutating func giveBack(_ held: HeldPush, for delay: Duration, _ reason: String) {
        settlements.add(
            PushSettlement(number: held.push.number, outcome: .postponed(delay, reason: reason)), end: held.leaseEnd)
    }

    private mutating func settle(_ held: HeldPush, _ outcome: PushSettlement.Outcome) -> [Action] {
        // That a push was taken is worth writing even late: if nobody else has it yet, it isn't sent again.
        settlements.add(PushSettlement(number: held.push.number, outcome: outcome), end: held.leaseEnd + limits.lease)
        var actions: [Action] = []
        if case .invite = held.push.kind, let taken = outcome.isTaken {
            actions.append(.report(held.push.conversation, held.push.endpoint.id, taken: taken))
        }
        if let reason = outcome.deathReason { actions.append(.tellDead(held.push, reason: reason)) }
        return actions
    }
}

extension PushSettlement.Outcome {
    /// nil: not decided yet.
    fileprivate var isTaken: Bool? {
        switch self {
        case .taken: true
        case .postponed: nil
        case .dead, .endpointGone: false
        }
    }

    fileprivate var deathReason: String? {
        switch self {
        case .taken, .postponed: nil
        case .dead(let reason), .endpointGone(let reason): reason
        }
    }
}
