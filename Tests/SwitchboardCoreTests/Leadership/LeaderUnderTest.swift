import SwitchboardProtocol

@testable import SwitchboardCore
@testable import SwitchboardTestKit

/// A leadership with a store that the test moves by hand: what is to be committed is held until the test says what
/// becomes of it.
struct LeaderUnderTest {
    static let call = ConversationID(high: 1, low: 2)

    var leadership: Leadership
    var counter: AppendCounter
    var time = TurnTime(now: Moment(.zero), wallMilliseconds: 1000)
    /// All effects so far, as texts; `drain` takes them.
    private var effects: [String] = []
    private(set) var pushed: [WireServerFrame] = []
    private(set) var step: CommitStep?

    init(_ node: String, fresh: Bool = true, configuration: LeadershipConfiguration = .init()) {
        let node = Incarnation(trusted: node)
        counter = AppendCounter(incarnation: node)
        leadership =
            fresh
            ? .fresh(Self.call, node: node, version: 0, configuration: configuration)
            : .restoring(Self.call, node: node, version: 1, configuration: configuration)
    }

    mutating func perform(_ new: [LeadershipEffect]) {
        for effect in new {
            switch effect {
            case .push(_, let address, let frames):
                pushed += frames
                effects += frames.map { "\(address.device) \(Self.text($0))" }
            case .attached(let target, let answer):
                effects.append("\(Self.name(target)) attached" + (answer.unknown ? " unknown" : " \(answer.accepted)"))
            case .wantsCommit: effects.append("wantsCommit")
            case .wantsBarrier: effects.append("wantsBarrier")
            case .load: effects.append("load")
            case .confirmEnd: effects.append("confirmEnd")
            case .readClaim: effects.append("readClaim")
            case .leading(let epoch, _): effects.append("leading \(epoch)")
            case .steppedDown(let work): effects.append("steppedDown \(work.count)")
            case .ended: effects.append("ended")
            case .scheduleDeadline(let deadline, _): effects.append("deadline \(deadline.kind)")
            case .attachOthers(let rows): effects.append("attachOthers \(rows.count)")
            case .pushesCommitted: effects.append("pushesCommitted")
            case .command(let command): effects.append("command \(command.reason)")
            case .inputLost: effects.append("inputLost")
            case .quarantined: effects.append("quarantined")
            case .needsLevel(let level): effects.append("needsLevel \(level)")
            }
        }
    }

    private static func name(_ target: TargetKey) -> String {
        [Origin.phone, .laptop, .tablet].first { $0.key == target }?.address.device.text ?? "?"
    }

    private static func text(_ frame: WireServerFrame) -> String {
        switch frame.frame {
        case .accepted(let accepted): "accepted \(accepted.number)"
        case .deliver(let deliver): "\(deliver.number) \(deliver.message.kind)"
        case .error(let error): "error \(error.name) \(error.number)"
        case .snapshot(let snapshot): "snapshot \(snapshot.state) \(snapshot.nextNumber)"
        default: "?"
        }
    }

    /// What was wanted or said since the last time.
    mutating func drain() -> [String] {
        defer { effects = [] }
        return effects
    }

    mutating func enqueue(_ inputs: ConversationInput...) {
        for input in inputs { perform(leadership.enqueue(input)) }
    }

    /// The lane serves it: what is to be committed is in `step` then.
    mutating func serve() {
        let (next, effects) = leadership.nextStep(time, &counter)
        step = next
        perform(effects)
    }

    /// The step takes effect in the store; the leader hears of it.
    mutating func commit(to store: inout StoreContents) {
        switch step {
        case .append(let append):
            let batch = StoreBatch(lane: .writer(0), appends: [append])
            let result = store.commit(batch, at: time.now.sinceStart, fence: .whole)
            switch result.appends[0] {
            case .committed(let born):
                let rows = result.presence.values.flatMap { $0 }
                perform(leadership.committed(born: born, presence: rows, time))
            case .clash: perform(leadership.mustReload())
            case .blocked(let holder): perform(leadership.blocked(by: holder))
            case .refused(let reason): perform(leadership.refused(reason: reason))
            }
        case .confirm(let confirmation):
            let batch = StoreBatch(lane: .writer(0), confirmations: [confirmation])
            let result = store.commit(batch, at: time.now.sinceStart, fence: .whole)
            perform(leadership.confirmed(result.confirmations[0]))
        case nil: break
        }
        step = nil
    }

    /// The answer is lost; whether the step took effect is the caller's choice.
    mutating func loseAnswer(applying store: inout StoreContents, isApplied: Bool) {
        if isApplied, case .append(let append) = step {
            _ = store.commit(
                StoreBatch(lane: .writer(0), appends: [append]), at: time.now.sinceStart, fence: .whole)
        }
        step = nil
        perform(leadership.mustReload(outcomeUnknown: true))
    }

    mutating func load(from store: StoreContents) {
        perform(leadership.loaded(store.load(Self.call, at: time.now.sinceStart), time))
    }

    /// A whole turn with a store that does its work.
    mutating func settle(_ store: inout StoreContents) {
        for _ in 0..<20 where leadership.hasWork {
            serve()
            commit(to: &store)
        }
    }

    /// A leader of a call that rings, and its store.
    static func ringing(_ node: String = "n.1") -> (LeaderUnderTest, StoreContents) {
        var leader = LeaderUnderTest(node)
        var store = StoreContents()
        leader.enqueue(
            .send(.phone, number: 1, .invite("bob")), .send(.phone, number: 2, .description("offer")),
            .attach(.phone, cursor: 0), .attach(.laptop, cursor: nil))
        leader.settle(&store)
        _ = leader.drain()
        return (leader, store)
    }
}
