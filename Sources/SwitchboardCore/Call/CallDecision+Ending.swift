import SwiftProtobuf
import SwitchboardProtocol

/// A call ends once, for everybody, and its log is closed: nothing follows, not even a barrier.
extension CallDecision {
    func ended(_ reason: EndReason, detail: String = "") -> WireMessage {
        WireMessage.with {
            $0.ended = WireEnded.with {
                $0.reason = reason.rawValue
                $0.detail = detail
            }
        }
    }

    /// Tells all who have a part, the one who ended it included, and closes the log.
    mutating func end(_ reason: EndReason, detail: String = "", by decliner: DeviceAddress? = nil) throws(FoldError) {
        guard let opening = state.opening, let caller = state.callerDevice, !state.isEnded else { return }
        try deliver(ended(reason, detail: detail), to: caller, from: nil)
        if let callee = state.calleeDevice {
            try deliver(ended(reason, detail: detail), to: callee, from: nil)
            if let device = state.handover?.device {
                try deliver(ended(reason), to: device, from: nil)
            }
            try tellBystanders(isActive: false)
        } else if reason == .declined {
            for address in state.legs.keys.sorted() {
                try deliver(ended(address == decliner ? .declined : .declinedElsewhere), to: address, from: nil)
            }
        } else {
            try broadcast(ended(reason, detail: detail), fromUser: nil)
        }
        if state.phase.isBeforePickup { takeBackPushes(reason) }
        if let callee = opening.callee, !opening.isSilenced {
            let isTaking = pair != nil && index == 1  // begun and ended in one entry: there was never a row
            pair = isTaking ? nil : .release(PairKey(opening.caller.user, callee))
            command = nil
        }
        try close(reason, detail: detail)
    }

    mutating func close(_ reason: EndReason, detail: String = "") throws(FoldError) {
        try record {
            $0.closed = LogClosed.with {
                $0.reason = reason.rawValue
                $0.detail = detail
            }
        }
    }

    /// Whoever was woken, or is about to be, need not ring any more.
    mutating func takeBackPushes(_ reason: EndReason) {
        if case .invite? = push {
            push = nil  // not written yet
        } else if context.mayHavePushed {
            push = .cancel(reason)
        }
    }

    mutating func decideDeadline(_ deadline: Deadline) throws(FoldError) {
        guard state.deadlines[deadline.kind] == deadline, !state.isEnded else { return }  // another one counts by now
        switch deadline.kind {
        case .ring: if state.phase.isBeforePickup { try end(.noAnswer) }
        case .connect: if state.phase == .connecting { try end(.connectFailed) }
        case .reach: try reachTimePassed()
        case .callerLost: if state.phase.isBeforePickup { try end(.cancelled, detail: "caller_lost") }
        case .signalLost: try end(.signalLost)
        case .handover: try failHandover(.connectFailed)
        }
    }

    private mutating func reachTimePassed() throws(FoldError) {
        guard state.phase.isBeforePickup else { return }
        guard !state.legs.isEmpty || !state.pushesTaken.isEmpty else { return try end(.unreachable) }
        try clearDeadlines(.reach)
        try judgeBusy()
    }

    /// Another call of the two users takes this one's place; it was written with that one's first entry.
    mutating func decideReplacement(_ reason: EndReason) throws(FoldError) {
        guard state.isOpen, !state.isEnded else { return }
        try end(state.phase.isBeforePickup ? reason : .replaced)
    }
}
