import SwiftProtobuf
import SwitchboardProtocol

/// A device takes part, or takes part again, from some node.
extension CallDecision {
    mutating func decideAttach(_ origin: Origin, _ cursor: UInt32?) throws(FoldError) {
        let address = origin.address
        guard let opening = state.opening, state.isMember(address.user) else { return reply(.unknown(origin)) }
        let isNamed = cursor != nil
        if state.isEnded {
            // A closed log takes no new legs; a device that was told of the call, or asks, hears how it ended.
            guard isNamed || state.queues[address] != nil || address == opening.caller else {
                return reply(.unknown(origin))
            }
            return attach(origin, cursor)
        }
        try noteReturn(of: address)
        if state.isCaller(address.user) {
            if address == opening.caller || state.queues[address] != nil { return attach(origin, cursor) }
            return state.phase.isBeforePickup ? reply(.unknown(origin)) : try attachWatcher(origin)
        }
        guard state.legs[address] != nil || state.watchers.contains(address) else {
            return try attachUnknownLeg(origin, cursor)
        }
        if cursor == nil, state.phase.isBeforePickup {
            return try ringAgain(origin)
        }
        attach(origin, cursor)
    }

    /// It learns by a snapshot that the call goes on elsewhere.
    private mutating func attachWatcher(_ origin: Origin) throws(FoldError) {
        guard try watch(origin.address) || state.queues[origin.address] != nil else { return reply(.unknown(origin)) }
        reply(.attached(origin, sent: state.queue(of: origin.address).last, snapshot: true))
    }

    private mutating func attach(_ origin: Origin, _ cursor: UInt32?) {
        let queue = state.queue(of: origin.address)
        let knowsEnd = !state.isEnded || queue.endsWithEnded
        if knowsEnd, let cursor, cursor >= queue.trimmed, cursor <= queue.last {
            reply(.attached(origin, sent: cursor, snapshot: false))
        } else {
            // Without a cursor, with one from another life of the client's storage, or when the call ended without this
            // device being known: the snapshot tells.
            reply(.attached(origin, sent: queue.last, snapshot: true))
        }
    }

    /// A device of the callee that the log does not know. One that names the call was woken for it, or was told of it by a
    /// leader that presence had led to it.
    private mutating func attachUnknownLeg(_ origin: Origin, _ cursor: UInt32?) throws(FoldError) {
        let address = origin.address
        if state.phase.isBeforePickup {
            guard state.legs.count < limits.maximumLegs else { return reply(.unknown(origin)) }
            try changeLeg(address, to: .notified)
        } else {
            guard cursor != nil else { return try attachWatcher(origin) }
            try tellAnsweredElsewhere(address)
        }
        reply(.attached(origin, sent: min(cursor ?? 0, state.queue(of: address).last), snapshot: false))
    }

    /// A device that rang and lost its memory (a page that was reloaded) rings again: a snapshot says where its numbers go
    /// on, then it gets the invite and the newest offer once more. What it had prepared is gone with its memory.
    private mutating func ringAgain(_ origin: Origin) throws(FoldError) {
        try dropHeld(of: origin.address)
        let sent = state.queue(of: origin.address).last
        var again: [QueuedDelivery] = []
        for delivery in state.broadcast {
            switch delivery.message.content {
            case .invite, .security: again.append(delivery)
            case .description_p:
                again.removeAll { if case .description_p? = $0.message.content { true } else { false } }
                again.append(delivery)
            default: continue
            }
        }
        for delivery in again {
            let time = delivery.timeMilliseconds
            try record {
                $0.delivery = LogDelivery.with {
                    $0.user = origin.address.user.text
                    $0.device = origin.address.device.text
                    $0.fromUser = delivery.fromUser
                    $0.timeMs = time
                    $0.message = delivery.message
                }
            }
        }
        reply(.attached(origin, sent: sent, snapshot: true))
    }

    /// Devices that presence showed have been rung already; from now on the log knows them.
    mutating func decideFound(_ devices: [DeviceAddress]) throws(FoldError) {
        guard state.isOpen, !state.isEnded else { return }
        for address in devices where state.legs[address] == nil && state.opening?.callee == address.user {
            guard state.legs.count < limits.maximumLegs else { return }
            if state.phase.isBeforePickup {
                try changeLeg(address, to: .notified)
            } else {
                try tellAnsweredElsewhere(address)
            }
        }
    }
}
