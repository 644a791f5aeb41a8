import DequeModule
import SwiftProtobuf
import SwitchboardProtocol

/// One conversation as its leader has it: the log's position, the folded state, what waits to be decided, and the one
/// append that may be on its way.
///
/// Invariants:
/// - `state` is what is committed; decisions work on a copy, which replaces it when the commit has returned.
/// - At most one append or confirmation is in flight.
/// - Nothing leaves (`push`, `attached`) but after a commit, a confirmation, or from a closed log.
/// - After a doubt (an unknown outcome, a lost store connection) nothing leaves before a fresh barrier's commit.
struct Leadership: Sendable {
    enum Stage: Sendable, Equatable {
        /// The election created the conversation: the first append carries barrier and invite in one entry, without a load.
        case fresh
        /// Waits for the log.
        case loading
        /// The log is read; the next append is a barrier.
        case raisingBarrier
        case leading
        /// Something happened to the store's connection: read again and raise a barrier as soon as anything is wanted.
        case doubtful
        /// Somebody else's barrier was met; the coordinator is asked who leads.
        case askingCoordinator
        /// The log was read and is closed; a commit elsewhere must prove that its end will stay.
        case confirmingEnd
        case closed
        case quarantined
    }

    /// Where the log ends.
    struct Position: Sendable {
        var index: UInt32
        var id: AppendID
        var born: LogDay
    }

    struct InFlight: Sendable {
        enum Kind: Sendable { case append, barrier, confirmation }
        var kind: Kind
        var index: UInt32
        var id: AppendID
        var state: ConversationState
        var inputs: [ConversationInput]
        var replies: [ConversationReply]
        /// What the entry asks of another call, once it is committed.
        var command: EndCommand?
        /// Its senders have been told that the store does not answer.
        var isTold = false
    }

    let conversation: ConversationID
    let node: Incarnation
    let configuration: LeadershipConfiguration

    var stage: Stage
    /// Of this leadership: the index of its barrier; 0 before there is one.
    var epoch: UInt32 = 0
    /// Version of the coordinator's node, to name in a handover or a deletion.
    var version: Int32
    var state = ConversationState()
    var position: Position?
    var inbox: Deque<ConversationInput> = []
    var inboxBytes = 0
    var inFlight: InFlight?
    var sends = RateWindow()
    var targets: [TargetKey: DeliveryTarget] = [:]
    /// The outcome of the append in flight is unknown; a barrier must follow whatever the log shows.
    var outcomeInDoubt = false
    /// The end that was read before a commit elsewhere returned; if the next load shows it too, it stays.
    var endToFindAgain: AppendID?
    /// The store has just said that there is no log; true for the next decision only.
    var isKnownEmpty = false
    /// The store has refused an entry: that many inputs go out alone, to find the one that is at fault.
    var inputsToTryAlone = 0
    /// When the state's deadlines are due on this node's clock.
    var deadlinesDue: [DeadlineKind: Moment] = [:]
    /// What decisions must know beside the log.
    var context = CallContext()
    /// Whether devices that have not come since this leadership began count as away.
    var hasWaitedForDevices = false

    private init(
        conversation: ConversationID, node: Incarnation, version: Int32, stage: Stage,
        configuration: LeadershipConfiguration
    ) {
        self.conversation = conversation
        self.node = node
        self.version = version
        self.stage = stage
        self.configuration = configuration
    }

    /// For a conversation that the election has just created.
    static func fresh(
        _ conversation: ConversationID, node: Incarnation, version: Int32, configuration: LeadershipConfiguration
    ) -> Leadership {
        Leadership(
            conversation: conversation, node: node, version: version, stage: .fresh, configuration: configuration)
    }

    /// For a conversation that was claimed, or that the coordinator says is this node's: its log is to be loaded first.
    static func restoring(
        _ conversation: ConversationID, node: Incarnation, version: Int32, configuration: LeadershipConfiguration
    ) -> Leadership {
        Leadership(
            conversation: conversation, node: node, version: version, stage: .loading, configuration: configuration)
    }

    /// Whether a lane should ask `nextStep`.
    var hasWork: Bool {
        guard inFlight == nil else { return false }
        switch stage {
        case .fresh, .leading, .closed: return !inbox.isEmpty
        case .raisingBarrier: return true
        default: return false
        }
    }

    // MARK: Inputs

    /// Takes an input into the queue. Sends are bounded; attaches and timers have room of their own and are never dropped.
    mutating func enqueue(_ input: ConversationInput) -> [LeadershipEffect] {
        if case .send(let origin, let number, _, _) = input {
            if stage == .quarantined {
                return [pushError(.serverError, to: origin, number: number)]
            }
            guard inbox.count < configuration.maximumInbox, inboxBytes < configuration.maximumInboxBytes else {
                return [pushError(.overloaded, to: origin, number: number)]
            }
        }
        if case .pushAnswered = input { context.pushesWaiting = max(context.pushesWaiting - 1, 0) }
        var input = input
        if case .attach(let origin, nil) = input, targets[origin.key]?.isUnattached == true {
            // Rung by way of presence while its attach was on the way: no snapshot, but everything from number 1 on, for
            // what was sent may have been lost; its front drops what it has.
            input = .attach(origin, cursor: 0)
        }
        inbox.append(input)
        inboxBytes += input.cost
        return wake()
    }

    /// What a waiting input sets in motion.
    mutating func wake() -> [LeadershipEffect] {
        guard inFlight == nil else { return [] }
        switch stage {
        case .doubtful:
            guard !inbox.isEmpty else { return [] }
            stage = .loading
            return [.load]
        case .raisingBarrier: return [.wantsBarrier]
        case .fresh, .leading, .closed: return inbox.isEmpty ? [] : [.wantsCommit]
        case .loading, .askingCoordinator, .confirmingEnd, .quarantined: return []
        }
    }

    mutating func acknowledged(_ address: DeviceAddress, received: UInt32) {
        state.queues[address]?.trim(acknowledged: received, keeping: configuration.trimMargin)
    }

    mutating func detached(_ key: TargetKey) -> [LeadershipEffect] {
        guard let target = targets.removeValue(forKey: key) else { return [] }
        return left([target.address])
    }

    /// All connections of a front are gone from here; it attaches them again when it can.
    mutating func frontLost(_ front: Incarnation) -> [LeadershipEffect] {
        let lost = targets.filter { $0.key.front == front }
        guard !lost.isEmpty else { return [] }
        targets = targets.filter { $0.key.front != front }
        return left(lost.values.map(\.address))
    }

    /// A while after this leadership began: whoever has not come until now is away.
    mutating func waitedForDevices() -> [LeadershipEffect] {
        guard !hasWaitedForDevices else { return [] }
        hasWaitedForDevices = true
        return left([state.callerDevice, state.calleeDevice].compactMap { $0 } + state.legs.keys)
    }

    /// Devices without a connection are away; deadlines may begin for those who have the call.
    private mutating func left(_ addresses: [DeviceAddress]) -> [LeadershipEffect] {
        guard stage != .closed else { return [] }
        let present = Set(targets.values.map(\.address))
        let away = Set(addresses).subtracting(present).subtracting(context.away)
        guard !away.isEmpty else { return [] }
        context.away.formUnion(away)
        guard away.contains(where: { $0 == state.callerDevice || $0 == state.calleeDevice }) else { return [] }
        return enqueue(.devicesLeft)
    }

    /// The store's connection was lost or its outcomes are in doubt.
    mutating func doubt() -> [LeadershipEffect] {
        switch stage {
        case .leading, .doubtful, .raisingBarrier:
            outcomeInDoubt = true
            // What is in flight is answered first: as unknown, or as not sent.
            guard inFlight == nil else { return [] }
            stage = .doubtful
            return wake()
        case .fresh, .loading, .askingCoordinator, .confirmingEnd, .closed, .quarantined:
            return []
        }
    }

    mutating func requeue(_ work: InFlight) {
        inFlight = nil
        requeue(work.inputs)
    }

    mutating func requeue(_ inputs: [ConversationInput]) {
        for input in inputs.reversed() {
            inbox.prepend(input)
            inboxBytes += input.cost
        }
    }

    /// What a sender hears when its message can't be taken now.
    func pushError(_ name: ErrorName, to origin: Origin, number: UInt32, retryAfter: Duration = .milliseconds(500))
        -> LeadershipEffect
    {
        .push(origin.key, origin.address, [.error(name, conversation, number: number, retryAfter: retryAfter)])
    }
}
