import SwitchboardCore
import SwitchboardProtocol
import Testing

@testable import SwitchboardPush

@Suite("PushDispatcherStateMachine")
struct PushDispatcherStateMachineTests {
    private let start = Moment(.zero)
    private var machine: PushDispatcherStateMachine
    private var limits = PushDispatcherLimits()

    init() {
        limits.sendingPerProvider = 2
        limits.waitingPerProvider = 2
        limits.claimSize = 10
        machine = PushDispatcherStateMachine(limits, kinds: [.fcm, .apns], now: Moment(.zero))
    }

    private func push(
        _ number: Int64, _ kind: ClaimedPush.Kind = .invite, _ provider: PushProviderKind = .fcm,
        target: String? = nil, expiresIn: Duration = .seconds(60), attempts: Int = 0
    ) -> ClaimedPush {
        ClaimedPush(
            number: number, conversation: sampleCall, kind: kind,
            endpoint: .sample(provider, target: target ?? "device \(number)"), expiresIn: expiresIn,
            attempts: attempts)
    }

    /// Starts the first look into the outbox and answers it.
    private mutating func claim(_ pushes: [ClaimedPush], at now: Moment? = nil) -> [PushDispatcherStateMachine.Action] {
        let now = now ?? start
        guard let limit = machine.ticked(now: now).claimLimit else {
            Issue.record("no look into the outbox")
            return []
        }
        return machine.claimed(pushes, limit: limit, now: now)
    }

    // MARK: Looking

    @Test("It looks at its start, and then at the poll interval")
    mutating func pace() {
        #expect(machine.nextWake == start)
        #expect(machine.ticked(now: start).claimLimit == 8, "no more than it has room for")
        #expect(machine.ticked(now: start).isEmpty, "one look at a time")
        #expect(machine.nextWake == nil)
        #expect(machine.claimed([], limit: 8, now: start).asksNextDue)
        #expect(machine.nextWake == start + limits.pollInterval)
        #expect(machine.ticked(now: start + limits.pollInterval).claimLimit == 8)
    }

    @Test("A commit is looked at once; one that comes during a look gets a look of its own")
    mutating func kick() {
        _ = claim([])
        #expect(machine.pushesCommitted(now: start + .milliseconds(5)).claimLimit == 8)
        #expect(machine.pushesCommitted(now: start + .milliseconds(6)).claimLimit == nil)
        #expect(machine.pushesCommitted(now: start + .milliseconds(7)).claimLimit == nil)
        #expect(machine.claimed([], limit: 8, now: start + .milliseconds(8)).claimLimit == 8)
        #expect(machine.claimed([], limit: 8, now: start + .milliseconds(9)).claimLimit == nil)
    }

    @Test("When the outbox says that something is due sooner, it looks then; but not without pause")
    mutating func nextDue() {
        _ = claim([])
        _ = machine.dueKnown(.milliseconds(700), now: start)
        #expect(machine.nextWake == start + .milliseconds(700))
        _ = machine.dueKnown(.zero, now: start)
        #expect(machine.nextWake == start + limits.leastInterval)
        _ = machine.dueKnown(.seconds(100), now: start)
        _ = machine.dueKnown(nil, now: start)
        #expect(machine.nextWake == start + limits.leastInterval)
    }

    @Test("An outbox that can't be read is tried again, less and less often, and a commit changes nothing about it")
    mutating func outboxDown() {
        var now = start
        var waits: [Duration] = []
        for _ in 0..<8 {
            #expect(machine.ticked(now: now).claimLimit != nil)
            _ = machine.claimFailed(now: now, jitter: 0.999)
            let wake = machine.nextWake ?? now
            waits.append(wake - now)
            now = wake
        }
        #expect(waits == waits.sorted())
        #expect(waits[0] <= limits.firstRetry)
        #expect(waits[7] <= limits.mostRetry)
        #expect(waits[7] > limits.mostRetry * 0.9)
    }

    // MARK: Sending

    @Test("Taken: settled and reported once")
    mutating func taken() {
        let actions = claim([push(1)])
        #expect(actions.sends.map(\.number) == [1])
        let done = machine.answered(1, .taken, provider: .fcm, now: start + .seconds(1), jitter: 0)
        #expect(done.outcomes == [1: .taken])
        #expect(done.reports == [true])
        #expect(machine.answered(1, .taken, provider: .fcm, now: start + .seconds(1), jitter: 0).isEmpty)
        #expect(!machine.isIdle)
        _ = machine.settled(now: start + .seconds(1))
        #expect(machine.isIdle)
    }

    @Test("The time that is left is told to the provider, and the attempt ends with it")
    mutating func timeLeft() {
        let actions = claim([push(1, expiresIn: .seconds(5)), push(2, expiresIn: .seconds(50))])
        #expect(actions.sends.map(\.message.expiresIn) == [.seconds(5), .seconds(50)])
        #expect(actions.sends.map(\.within) == [.seconds(5), limits.sendTimeout])
    }

    @Test("At most so many requests to one provider; further ones wait; another provider is not affected")
    mutating func concurrency() {
        let actions = claim([push(1), push(2), push(3), push(4), push(5, .invite, .apns)])
        #expect(actions.sends.map(\.number) == [5, 1, 2])
        #expect(machine.waiting(for: .fcm) == 4)
        let next = machine.answered(2, .taken, provider: .fcm, now: start, jitter: 0)
        #expect(next.sends.map(\.number) == [3])
    }

    @Test("Pushes for which there is no place go back into the outbox")
    mutating func overfull() {
        let actions = claim((1...6).map { push($0) })
        #expect(actions.sends.map(\.number) == [1, 2])
        #expect(actions.outcomes.keys.sorted() == [5, 6])
        #expect(actions.outcomes[5]?.delay == limits.firstRetry)
        #expect(actions.reports.isEmpty)
    }

    @Test("A cancel never overtakes its invite, whatever order they came in hands; other devices' go on")
    mutating func order() {
        let actions = claim([
            push(1, .invite, target: "a"), push(2, .cancel(.cancelled), target: "a"), push(3, .invite, target: "b"),
        ])
        #expect(actions.sends.map(\.number) == [1, 3])
        #expect(machine.answered(3, .taken, provider: .fcm, now: start, jitter: 0).sends.isEmpty)
        #expect(machine.answered(1, .taken, provider: .fcm, now: start, jitter: 0).sends.map(\.number) == [2])
    }

    @Test("An invite that was to be tried again is given up when its cancel is here")
    mutating func overtaken() {
        _ = claim([push(1, .invite, target: "a"), push(2, .cancel(.cancelled), target: "a")])
        let actions = machine.answered(
            1, .postponed(after: nil, reason: "503"), provider: .fcm, now: start, jitter: 0)
        #expect(actions.outcomes[1]?.isDead == true)
        #expect(actions.reports == [false])
        #expect(actions.sends.map(\.number) == [2])
    }

    @Test("If the outbox can't be written, nothing more is taken from it than there is room for")
    mutating func settleFails() {
        _ = claim((1...4).map { push($0) })
        var now = start
        for number in [1, 2, 3, 4] as [Int64] {
            _ = machine.answered(number, .taken, provider: .fcm, now: now, jitter: 0)
        }
        for _ in 0..<5 {
            _ = machine.settleFailed(now: now, jitter: 0)
            now = now + .seconds(1)
            let actions = machine.ticked(now: now)
            #expect(actions.claimLimit ?? 4 <= 4)
            if actions.claimLimit != nil { _ = machine.claimed([], limit: 4, now: now) }
        }
        var written: [Int64: PushSettlement.Outcome] = [:]
        for _ in 0..<3 {
            now = now + limits.mostRetry
            written.merge(machine.ticked(now: now).outcomes) { $1 }
            _ = machine.settled(now: now)
        }
        #expect(written.keys.sorted() == [1, 2, 3, 4])
    }

    // MARK: Trying again

    @Test("The wait doubles with each attempt, up to a bound, and is never less than the provider asks for")
    mutating func backoff() throws {
        func delay(attempts: Int, after: Duration? = nil, jitter: Double = 0) throws -> Duration {
            var machine = self
            let actions = machine.claim([machine.push(1, attempts: attempts)])
            #expect(actions.sends.count == 1)
            let answer = ProviderAnswer.postponed(after: after, reason: "503")
            let done = machine.machine.answered(1, answer, provider: .fcm, now: start, jitter: jitter)
            #expect(done.reports.isEmpty, "not decided yet")
            return try #require(done.outcomes[1]?.delay)
        }
        #expect(try delay(attempts: 0) == limits.firstRetry / 2)
        #expect(try delay(attempts: 0, jitter: 0.5) == limits.firstRetry * 0.75)
        #expect(try delay(attempts: 1) == limits.firstRetry)
        #expect(try delay(attempts: 2) == limits.firstRetry * 2)
        #expect(try delay(attempts: 60) == limits.mostRetry / 2)
        #expect(try delay(attempts: 0, after: .seconds(20)) == .seconds(20))
        #expect(try delay(attempts: 3, after: .milliseconds(1)) == limits.firstRetry * 4)
    }

    @Test("When a postponed push is due again, it looks")
    mutating func wakesForRetry() {
        _ = claim([push(1)])
        _ = machine.answered(1, .postponed(after: nil, reason: "503"), provider: .fcm, now: start, jitter: 0)
        _ = machine.settled(now: start)
        #expect(machine.nextWake == start + limits.firstRetry / 2)
    }

    @Test("Nothing is tried after the ring deadline")
    mutating func expiry() {
        let late = claim([push(1, expiresIn: .zero, attempts: 3), push(2, expiresIn: .seconds(-5))])
        #expect(late.sends.isEmpty)
        #expect(late.outcomes.values.allSatisfy { $0.isDead })
        #expect(late.deaths.count == 2)
        #expect(late.reports == [false, false])
        _ = machine.settled(now: start)

        _ = claim([push(3, expiresIn: .seconds(10))], at: start + .seconds(2))
        let answer = ProviderAnswer.postponed(after: .seconds(11), reason: "429")
        let given = machine.answered(3, answer, provider: .fcm, now: start + .seconds(2), jitter: 0)
        #expect(given.outcomes[3]?.isDead == true)
        #expect(given.deaths.first?.contains("429") == true, "the last answer is the reason that helps")
    }

    @Test("A push that waited here until it expired, or until its lease was nearly over, is not sent")
    mutating func waitedTooLong() {
        _ = claim([push(1), push(2), push(3, expiresIn: .seconds(3)), push(4)])
        let later = start + .seconds(4)
        let expired = machine.answered(1, .taken, provider: .fcm, now: later, jitter: 0)
        #expect(expired.outcomes[3]?.isDead == true)
        #expect(expired.sends.map(\.number) == [4])

        var other = PushDispatcherStateMachine(limits, kinds: [.fcm], now: start)
        _ = other.ticked(now: start)
        _ = other.claimed([push(1), push(2), push(3)], limit: 4, now: start)
        let leaseOver = other.answered(
            1, .taken, provider: .fcm, now: start + (limits.lease - limits.sendTimeout), jitter: 0)
        #expect(leaseOver.sends.isEmpty)
        #expect(leaseOver.outcomes[3]?.delay == .zero)
    }

    @Test("Refused and gone: given up, said to people and to the call")
    mutating func refused() {
        _ = claim([push(1), push(2)])
        let dead = machine.answered(1, .refused(reason: "400"), provider: .fcm, now: start, jitter: 0)
        #expect(dead.outcomes == [1: .dead(reason: "400")])
        #expect(dead.reports == [false])
        #expect(dead.deaths == ["400"])
        _ = machine.settled(now: start)
        let gone = machine.answered(2, .endpointGone(reason: "410"), provider: .fcm, now: start, jitter: 0)
        #expect(gone.outcomes == [2: .endpointGone(reason: "410")])
        #expect(gone.reports == [false])
    }

    @Test("What becomes of a cancel is nothing that the call waits for")
    mutating func cancelsAreNotReported() {
        _ = claim([push(1, .cancel(.cancelled)), push(2, .cancel(.cancelled))])
        #expect(machine.answered(1, .taken, provider: .fcm, now: start, jitter: 0).reports.isEmpty)
        #expect(machine.answered(2, .refused(reason: "x"), provider: .fcm, now: start, jitter: 0).reports.isEmpty)
    }

    @Test("A provider that this node does not have: back into the outbox, for a node that has it")
    mutating func noProvider() {
        let actions = claim([push(1, .invite, .webhook), push(2, .invite, .webhook, expiresIn: .seconds(1))])
        #expect(actions.outcomes[1]?.delay == limits.pollInterval)
        #expect(actions.outcomes[2]?.isDead == true)
    }

    // MARK: Leaving

    @Test("A node that leaves takes nothing, gives back what waits, and is idle when the last answer is written")
    mutating func drain() {
        _ = claim((1...3).map { push($0) })
        let drained = machine.drainRequested(now: start)
        #expect(drained.outcomes[3]?.delay == .zero)
        #expect(machine.ticked(now: start + .seconds(60)).claimLimit == nil)
        _ = machine.settled(now: start)
        _ = machine.answered(1, .taken, provider: .fcm, now: start, jitter: 0)
        let last = machine.answered(2, .postponed(after: nil, reason: "503"), provider: .fcm, now: start, jitter: 0)
        #expect(last.sends.isEmpty)
        #expect(!machine.isIdle)
        _ = machine.settled(now: start)
        _ = machine.settled(now: start)
        #expect(machine.isIdle)
        #expect(machine.nextWake == nil)
    }

    @Test("Pushes that arrive while it leaves go back")
    mutating func drainDuringClaim() {
        _ = machine.ticked(now: start)
        #expect(machine.drainRequested(now: start).isEmpty)
        #expect(!machine.isIdle, "a look is under way")
        let actions = machine.claimed([push(1)], limit: 8, now: start)
        #expect(actions.outcomes[1]?.delay == .zero)
        #expect(!actions.asksNextDue)
    }
}

extension [PushDispatcherStateMachine.Action] {
    var claimLimit: Int? {
        compactMap { if case .claim(let limit) = $0 { limit } else { nil } }.first
    }
    var asksNextDue: Bool {
        contains { if case .askNextDue = $0 { true } else { false } }
    }
    var sends: [(message: PushMessage, number: Int64, within: Duration)] {
        compactMap {
            if case .send(let message, let number, let within) = $0 { (message, number, within) } else { nil }
        }
    }
    var outcomes: [Int64: PushSettlement.Outcome] {
        var outcomes: [Int64: PushSettlement.Outcome] = [:]
        for case .settle(let settlements) in self {
            for settlement in settlements { outcomes[settlement.number] = settlement.outcome }
        }
        return outcomes
    }
    var reports: [Bool] {
        compactMap { if case .report(_, _, let taken) = $0 { taken } else { nil } }
    }
    var deaths: [String] {
        compactMap { if case .tellDead(_, let reason) = $0 { reason } else { nil } }
    }
}

extension PushSettlement.Outcome {
    var delay: Duration? {
        if case .postponed(let delay, _) = self { return delay }
        return nil
    }
    var isDead: Bool {
        if case .dead = self { return true }
        return false
    }
}
