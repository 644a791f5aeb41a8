import SwitchboardProtocol

/// One conversation as its log says: the fold of its facts. Changed by `apply` alone; decisions read it and write facts.
struct ConversationState: Sendable {
    struct Opening: Sendable {
        var caller: DeviceAddress
        /// nil for a tombstone: a lone cancel, or an invite that was refused.
        var callee: UserID?
        var media: WireMedia
        var ringTimeout: Duration
        var inviteDigest: UInt64
    }

    struct Selection: Sendable {
        var callerDevice: DeviceID
        var calleeDevice: DeviceID
        var media: WireMedia
    }

    struct Ending: Sendable {
        var reason: String
        var detail: String
    }

    struct Deadline: Sendable, Equatable {
        var kind: DeadlineKind
        var duration: Duration
        /// Index of the entry from which it counts.
        var since: UInt32
    }

    /// Index of the last barrier.
    var epoch: UInt32 = 0
    /// Feature level that a node needs to lead this conversation.
    var requiredLevel: UInt32 = 0
    /// Index of the newest checkpoint; 0: none.
    var checkpointIndex: UInt32 = 0

    var opening: Opening?
    var phase: CallPhase = .inviting
    var selection: Selection?
    var ending: Ending?
    var deadline: Deadline?
    /// Of the callee's devices that are known.
    var legs: [DeviceAddress: Leg] = [:]
    var outboxes: [OutboxKey: Outbox] = [:]
    var currentOutbox: [DeviceAddress: CurrentOutbox] = [:]
    var queues: [DeviceAddress: DeliveryQueue] = [:]
    /// What every device of the callee gets from number 1 on, known to the log or not: this lets the leader ring devices
    /// that it finds in presence without another commit before.
    var broadcast: [QueuedDelivery] = []
    var held: [HeldItem] = []
    var newestOffer: Negotiation?

    var isOpen: Bool { opening != nil }
    var isEnded: Bool { ending != nil }

    /// Both users; the callee is missing in a tombstone.
    func isMember(_ user: UserID) -> Bool {
        guard let opening else { return false }
        return opening.caller.user == user || opening.callee == user
    }

    func isCaller(_ user: UserID) -> Bool { opening?.caller.user == user }

    /// The queue of a device as it would be if it became known now.
    func queue(of address: DeviceAddress) -> DeliveryQueue {
        if let queue = queues[address] { return queue }
        guard let opening, opening.callee == address.user, !isCaller(address.user) else { return DeliveryQueue() }
        return DeliveryQueue(trimmed: 0, items: broadcast)
    }

    /// True if this device was selected, on either side.
    func isSelected(_ address: DeviceAddress) -> Bool {
        guard let opening, let selection else { return false }
        if address.user == opening.caller.user { return address.device == selection.callerDevice }
        return address.user == opening.callee && address.device == selection.calleeDevice
    }

    /// The other selected device.
    func peer(of address: DeviceAddress) -> DeviceAddress? {
        guard let opening, let selection, let callee = opening.callee else { return nil }
        return isCaller(address.user)
            ? DeviceAddress(user: callee, device: selection.calleeDevice)
            : DeviceAddress(user: opening.caller.user, device: selection.callerDevice)
    }
}

/// What a deadline judges.
enum DeadlineKind: String, Sendable {
    /// Nobody picked up.
    case ring
    /// Picked up, but no media.
    case connect
}
