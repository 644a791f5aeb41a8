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
        /// The policy wants nobody to ring; to the caller it looks as if nobody answered.
        var isSilenced = false
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
    var deadlines: [DeadlineKind: Deadline] = [:]
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
    /// Devices of either user that have no part in the call and are told that it goes on elsewhere.
    var watchers: Set<DeviceAddress> = []
    var handover: Handover?
    /// Of all descriptions that were delivered or held.
    var highestSession: UInt32 = 0
    /// Endpoints whose provider has taken a push.
    var pushesTaken: Set<String> = []

    var isOpen: Bool { opening != nil }
    var isEnded: Bool { ending != nil }

    /// Both users; the callee is missing in a tombstone.
    func isMember(_ user: UserID) -> Bool {
        guard let opening else { return false }
        return opening.caller.user == user || (opening.callee == user && !opening.isSilenced)
    }

    func isCaller(_ user: UserID) -> Bool { opening?.caller.user == user }

    /// The queue of a device as it would be if it became known now.
    func queue(of address: DeviceAddress) -> DeliveryQueue {
        if let queue = queues[address] { return queue }
        guard let opening, opening.callee == address.user, !isCaller(address.user) else { return DeliveryQueue() }
        return DeliveryQueue(trimmed: 0, items: broadcast)
    }

    /// The devices that have the call: the caller's from the beginning, the callee's from pickup on.
    var callerDevice: DeviceAddress? {
        opening.map { DeviceAddress(user: $0.caller.user, device: selection?.callerDevice ?? $0.caller.device) }
    }
    var calleeDevice: DeviceAddress? {
        guard let callee = opening?.callee, let selection else { return nil }
        return DeviceAddress(user: callee, device: selection.calleeDevice)
    }

    /// Which device of this user has the call.
    func device(of user: UserID) -> DeviceAddress? {
        isCaller(user) ? callerDevice : calleeDevice
    }

    /// True if this device was selected, on either side.
    func isSelected(_ address: DeviceAddress) -> Bool {
        selection != nil && (address == callerDevice || address == calleeDevice)
    }

    /// The other selected device.
    func peer(of address: DeviceAddress) -> DeviceAddress? {
        guard selection != nil else { return nil }
        return isCaller(address.user) ? calleeDevice : callerDevice
    }
}
