import SwiftProtobuf
import SwitchboardProtocol

/// After pickup the two selected devices speak to each other; nobody else has a part.
extension CallDecision {
    mutating func decideAfterPickup(_ send: TakenSend) throws(FoldError) {
        if let handover = state.handover {
            if send.sender == handover.device { return try decideFromNewDevice(send, handover) }
            if try decideFromPeer(send, handover) { return }
        }
        guard state.isSelected(send.sender), let peer = state.peer(of: send.sender) else {
            return try decideFromBystander(send)
        }
        switch send.message.content {
        case .description_p, .candidates, .security, .mediaState, .info, .reconnecting:
            try take(send)
            try deliver(send.message, to: peer, from: send.sender)
        case .connected:
            try take(send)
            if state.phase == .connecting {
                try enter(.active)
                try clearDeadlines(.connect)
            }
            try deliver(send.message, to: peer, from: send.sender)
        case .hangup(let hangup):
            try take(send)
            try end(Self.reason(of: hangup))
        case .cancel, .reject:
            try take(send)  // crossed with the accept: it was picked up, so this hangs up
            try end(.hangup)
        case .accept, .ringing, .ignore, .busy, nil:
            try take(send)  // late or unknown: accepted, no effect
        default:
            try take(send, refusal: .notYourTurn)
        }
    }

    /// A device that was not selected can never end the call; it is told why it is out, once.
    private mutating func decideFromBystander(_ send: TakenSend) throws(FoldError) {
        switch send.message.content {
        case .handover(let handover):
            try decideHandover(send, handover)
        case .accept, .reject, .ignore, .busy, .ringing, nil:
            try take(send)
            guard state.opening?.callee == send.sender.user, state.legs[send.sender] == nil else { return }
            try tellAnsweredElsewhere(send.sender)
        default:
            try take(send, refusal: .notSelected)
        }
    }

    /// A client may say more precisely why it hangs up; anything that is the server's to say counts as a plain hangup.
    private static func reason(of hangup: WireHangup) -> EndReason {
        switch EndReason(rawValue: hangup.reason) {
        case .connectFailed: .connectFailed
        case .mediaLost: .mediaLost
        case .mediaError: .mediaError
        case .unsupported: .unsupported
        default: .hangup
        }
    }
}
