public import Logging
import NIOConcurrencyHelpers
public import SwitchboardCore
public import SwitchboardProtocol

/// Sends the pushes of the outbox: those that this node commits, at once, and those that other nodes left there.
///
/// Runs in one task with a group of children: at most one look into the outbox, one write, a request for each push under way
/// (``PushDispatcherLimits``), and timers. What is under way when it is cancelled is sent again by others after its lease.
public final class PushDispatcher: Sendable {
    /// Hears what became of an invite: whether the provider took it. Must not block.
    public typealias Report = @Sendable (ConversationID, PushEndpointID, _ taken: Bool) -> Void

    private enum Event: Sendable {
        case committed
        case ticked(Moment)
        case claimed([ClaimedPush], limit: Int)
        case claimFailed(PushOutboxError)
        case dueKnown(Duration?)
        case answered(Int64, ProviderAnswer, PushProviderKind)
        case settled
        case settleFailed(PushOutboxError)
        case finishRequested
        case graceOver
    }

    private let outbox: any PushOutbox
    private let providers: [PushProviderKind: any PushProvider]
    private let node: Incarnation
    private let limits: PushDispatcherLimits
    private let report: Report
    private let logger: Logger
    private let events: AsyncStream<Event>
    private let toHandle: AsyncStream<Event>.Continuation
    /// A `committed` is in the stream already.
    private let isKicked = NIOLockedValueBox(false)
    private let started = ContinuousClock.now
    public let metrics: PushMetrics

    public init(
        outbox: any PushOutbox, providers: [any PushProvider], node: Incarnation,
        limits: PushDispatcherLimits = PushDispatcherLimits(), logger: Logger, report: @escaping Report
    ) {
        self.outbox = outbox
        self.providers = Dictionary(providers.map { ($0.kind, $0) }, uniquingKeysWith: { first, _ in first })
        self.node = node
        self.limits = limits
        self.report = report
        self.logger = logger
        metrics = PushMetrics(kinds: self.providers.keys)
        (events, toHandle) = AsyncStream.makeStream(of: Event.self, bufferingPolicy: .unbounded)
    }

    /// This node has committed pushes: they are sent now rather than at the next look. Any thread; never blocks.
    public func pushesCommitted() {
        let isFirst = isKicked.withLockedValue { isKicked in
            defer { isKicked = true }
            return !isKicked
        }
        if isFirst { toHandle.yield(.committed) }
    }

    /// Takes nothing any more; ``run()`` returns when what is under way is done, or after the grace.
    public func finish() { toHandle.yield(.finishRequested) }

    /// Works until ``finish()`` or until it is cancelled. Once.
    public func run() async {
        await withDiscardingTaskGroup { group in
            var machine = PushDispatcherStateMachine(limits, kinds: Set(providers.keys), now: now)
            var armed: Moment?
            var isFinishing = false
            perform(machine.ticked(now: now), in: &group)
            arm(&armed, machine.nextWake, in: &group)
            for await event in events {
                switch event {
                case .graceOver: break
                case .finishRequested:
                    isFinishing = true
                    group.addTask { [self] in
                        try? await Task.sleep(for: limits.grace)
                        toHandle.yield(.graceOver)
                    }
                    perform(machine.drainRequested(now: now), in: &group)
                default:
                    if case .ticked(let moment) = event, armed == moment { armed = nil }
                    perform(handle(event, &machine), in: &group)
                }
                for kind in providers.keys { metrics.change(kind) { $0.waiting = machine.waiting(for: kind) } }
                if case .graceOver = event { break }
                if isFinishing, machine.isIdle { break }
                arm(&armed, machine.nextWake, in: &group)
            }
            group.cancelAll()
        }
    }

    // MARK: In

    private func handle(_ event: Event, _ machine: inout PushDispatcherStateMachine) -> [PushDispatcherStateMachine
        .Action]
    {
        switch event {
        case .committed:
            isKicked.withLockedValue { $0 = false }
            return machine.pushesCommitted(now: now)
        case .ticked: return machine.ticked(now: now)
        case .claimed(let pushes, let limit): return machine.claimed(pushes, limit: limit, now: now)
        case .claimFailed(let error):
            warn("the push outbox cannot be read", error)
            return machine.claimFailed(now: now, jitter: jitter)
        case .dueKnown(let due): return machine.dueKnown(due, now: now)
        case .answered(let number, let answer, let kind):
            count(answer, kind)
            return machine.answered(number, answer, provider: kind, now: now, jitter: jitter)
        case .settled: return machine.settled(now: now)
        case .settleFailed(let error):
            warn("the push outbox cannot be written", error)
            return machine.settleFailed(now: now, jitter: jitter)
        case .finishRequested, .graceOver: return []
        }
    }

    private func count(_ answer: ProviderAnswer, _ kind: PushProviderKind) {
        metrics.change(kind) { values in
            switch answer {
            case .taken: values.taken += 1
            case .postponed: values.postponed += 1
            case .refused, .endpointGone: break  // Counted as dead.
            }
        }
    }

    // MARK: Out

    private func perform(_ actions: [PushDispatcherStateMachine.Action], in group: inout DiscardingTaskGroup) {
        for action in actions {
            switch action {
            case .report(let conversation, let endpoint, let taken): report(conversation, endpoint, taken)
            case .tellDead(let push, let reason): tellDead(push, reason)
            case .claim(let limit): group.addTask { [self] in toHandle.yield(await claim(limit)) }
            case .askNextDue:
                group.addTask { [self] in
                    // If it can't be asked, the next look is soon enough.
                    if let due = try? await outbox.nextDue() { toHandle.yield(.dueKnown(due)) }
                }
            case .settle(let settlements): group.addTask { [self] in toHandle.yield(await settle(settlements)) }
            case .send(let message, let number, let timeout):
                group.addTask { [self] in
                    let kind = message.endpoint.provider
                    let answer = await providers[kind]?.send(message, within: timeout)
                    toHandle.yield(.answered(number, answer ?? .postponed(after: nil, reason: "no provider"), kind))
                }
            }
        }
    }

    private func claim(_ limit: Int) async -> Event {
        do throws(PushOutboxError) {
            return .claimed(try await outbox.claim(limit: limit, lease: limits.lease, by: node), limit: limit)
        } catch {
            return .claimFailed(error)
        }
    }

    private func settle(_ settlements: [PushSettlement]) async -> Event {
        do throws(PushOutboxError) {
            try await outbox.settle(settlements, by: node)
            return .settled
        } catch {
            return .settleFailed(error)
        }
    }

    /// One timer suffices, unless an earlier one is wanted; those that were in time for nothing tick in vain.
    private func arm(_ armed: inout Moment?, _ wake: Moment?, in group: inout DiscardingTaskGroup) {
        guard let wake, armed.map({ wake < $0 }) ?? true else { return }
        armed = wake
        let instant = started + wake.sinceStart
        group.addTask { [self] in
            try? await Task.sleep(until: instant, clock: .continuous)
            toHandle.yield(.ticked(wake))
        }
    }

    private func tellDead(_ push: ClaimedPush, _ reason: String) {
        metrics.change(push.endpoint.provider) { $0.dead += 1 }
        logger.warning(
            "push given up",
            metadata: [
                "conversation": "\(push.conversation)", "provider": "\(push.endpoint.provider.rawValue)",
                "endpoint": "\(push.endpoint.id.text)", "reason": "\(reason)",
            ])
    }

    private func warn(_ message: String, _ error: PushOutboxError) {
        logger.warning("\(message)", metadata: ["error": "\(error)"])
    }

    private var now: Moment { Moment(ContinuousClock.now - started) }
    private var jitter: Double { Double.random(in: 0..<1) }
}
