import SwiftProtobuf
import SwitchboardProtocol
import SwitchboardTestKit

@testable import SwitchboardCore

/// One conversation without a leadership: inputs are decided, and their facts are "committed" at once.
struct CallUnderTest {
    var state = ConversationState()
    var entries: [LogEntry] = []
    var limits = CallLimits()
    var context = CallContext()
    /// What the last entry asked of the store beside.
    var pair: PairStep?
    var push: PushStep?
    var command: EndCommand?
    var time = TurnTime(now: Moment(.zero), wallMilliseconds: 1000)
    private var numbers: [Origin: UInt32] = [:]

    var index: UInt32 { UInt32(entries.count) }

    /// Decides them in one batch, into one entry.
    @discardableResult
    mutating func decide(_ inputs: ConversationInput...) throws -> [ConversationReply] {
        try decide(inputs)
    }

    @discardableResult
    mutating func decide(_ inputs: [ConversationInput]) throws -> [ConversationReply] {
        var decision = CallDecision(state: state, index: index + 1, time: time, limits: limits, context: context)
        for input in inputs {
            try decision.decide(input)
        }
        if !decision.facts.isEmpty {
            let facts = decision.facts
            entries.append(
                LogEntry.with {
                    $0.level = FeatureLevel.newest
                    $0.facts = facts
                })
            state = decision.state
            (pair, push, command) = (decision.pair, decision.push, decision.command)
        }
        return decision.replies
    }

    /// The next numbers of this origin.
    mutating func input(_ origin: Origin, _ message: WireMessage, verdict: CallVerdict? = nil) -> ConversationInput {
        numbers[origin, default: 0] += 1
        return .send(origin, number: numbers[origin] ?? 0, message, verdict: verdict)
    }

    /// Sends, each in a batch of its own.
    @discardableResult
    mutating func send(_ origin: Origin, _ messages: WireMessage...) throws -> [ConversationReply] {
        var replies: [ConversationReply] = []
        for message in messages {
            replies = try decide(input(origin, message))
        }
        return replies
    }

    /// What is queued for a device, by kind.
    func kinds(_ origin: Origin) -> [String] {
        state.queue(of: origin.address).pending.map(\.message.kind)
    }

    func marks(_ origin: Origin) -> [String] {
        state.queue(of: origin.address).pending.compactMap(\.message.mark)
    }

    /// A call from alice's phone that rings at bob's laptop and tablet.
    static func ringing() throws -> CallUnderTest {
        var call = CallUnderTest()
        try call.send(.phone, .invite("bob"), .description("offer"))
        try call.decide(.devicesFound([Origin.laptop.address, Origin.tablet.address]))
        try call.send(.laptop, .ringing)
        try call.send(.tablet, .ringing)
        return call
    }

    /// … that the laptop has picked up.
    static func answered() throws -> CallUnderTest {
        var call = try ringing()
        try call.send(.laptop, .description("answer"), .accept)
        return call
    }
}

extension Origin {
    static let phone = make("alice", "phone")
    static let laptop = make("bob", "laptop")
    static let tablet = make("bob", "tablet")
    static let stranger = make("mallory", "phone")

    static func make(
        _ user: String, _ device: String, counter: UInt32 = 1, outbox: String = "o1", front: String = "n.1"
    )
        -> Origin
    {
        Origin(
            front: Incarnation(trusted: front),
            connection: ConnectionID(UInt64(counter) * 1000 + UInt64(device.utf8.reduce(0) { $0 + UInt64($1) })),
            address: DeviceAddress(user: UserID(trusted: user), device: DeviceID(trusted: device)), counter: counter,
            outbox: OutboxID(trusted: outbox))
    }

    /// The same device on a newer connection.
    func again(counter: UInt32, outbox: String = "o1") -> Origin {
        .make(address.user.text, address.device.text, counter: counter, outbox: outbox)
    }
}

extension [ConversationReply] {
    /// `accepted 3`, `refused 3 name`, `rejected 3 name`, `attached 2`, `attached 2 snapshot`, `unknown`.
    var texts: [String] {
        map { reply in
            switch reply {
            case .accepted(_, let number): "accepted \(number)"
            case .refused(_, let number, let name): "refused \(number) \(name.rawValue)"
            case .rejected(_, let number, let name): "rejected \(number) \(name.rawValue)"
            case .attached(_, let sent, let snapshot): "attached \(sent)" + (snapshot ? " snapshot" : "")
            case .unknown: "unknown"
            }
        }
    }
}
