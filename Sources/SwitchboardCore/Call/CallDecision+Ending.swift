import SwiftProtobuf
import SwitchboardProtocol

/// A call ends once, for everybody, and its log is closed: nothing follows, not even a barrier.
extension CallDecision {
    func ended(_ reason: EndReason) -> WireMessage {
        WireMessage.with { $0.ended = WireEnded.with { $0.reason = reason.rawValue } }
    }

    /// Tells all who have a part, the one who ended it included, and closes the log.
    mutating func end(_ reason: EndReason, by decliner: DeviceAddress? = nil) throws(FoldError) {
        guard let opening = state.opening, !state.isEnded else { return }
        try deliver(ended(reason), to: opening.caller, from: nil)
        if let selection = state.selection, let callee = opening.callee {
            try deliver(ended(reason), to: DeviceAddress(user: callee, device: selection.calleeDevice), from: nil)
        } else if reason == .declined {
            for address in state.legs.keys.sorted() {
                try deliver(ended(address == decliner ? .declined : .declinedElsewhere), to: address, from: nil)
            }
        } else {
            try broadcast(ended(reason), fromUser: nil)
        }
        try close(reason)
    }

    mutating func close(_ reason: EndReason) throws(FoldError) {
        try record { $0.closed = LogClosed.with { $0.reason = reason.rawValue } }
    }

    mutating func decideDeadline(_ deadline: ConversationState.Deadline) throws(FoldError) {
        guard state.deadline == deadline, !state.isEnded else { return }  // another one counts by now
        switch deadline.kind {
        case .ring: try end(.noAnswer)
        case .connect: try end(.connectFailed)
        }
    }
}
