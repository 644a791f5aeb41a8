import SwiftProtobuf
import SwitchboardProtocol

/// Who can be reached: devices that come and go, pushes, devices that are busy.
extension CallDecision {
    /// Devices left, or came back: deadlines that judge clients begin or are lifted.
    mutating func judgeAbsence() throws(FoldError) {
        guard state.isOpen, !state.isEnded, let caller = state.callerDevice else { return }
        if state.phase.isBeforePickup {
            try judge(.callerLost, limits.callerLostTimeout, isDue: context.away.contains(caller))
        } else if let callee = state.calleeDevice {
            let isSilent = context.away.contains(caller) && context.away.contains(callee)
            try judge(.signalLost, limits.signalLostTimeout, isDue: isSilent)
        }
    }

    private mutating func judge(_ kind: DeadlineKind, _ duration: Duration, isDue: Bool) throws(FoldError) {
        if !isDue {
            try clearDeadlines(kind)
        } else if state.deadlines[kind] == nil {
            try setDeadline(kind, duration)
        }
    }

    /// This device is there again.
    mutating func noteReturn(of address: DeviceAddress) throws(FoldError) {
        if address == state.callerDevice { try clearDeadlines(.callerLost, .signalLost) }
        if address == state.calleeDevice { try clearDeadlines(.signalLost) }
    }

    mutating func decidePushAnswer(_ endpoint: String, _ outcome: PushOutcome) throws(FoldError) {
        guard state.isOpen, !state.isEnded, state.phase.isBeforePickup else { return }
        try record {
            $0.notified = LogNotified.with {
                $0.endpoint = endpoint
                $0.outcome = outcome.rawValue
            }
        }
        try judgeBusy()
    }

    /// The call ends `busy` when no device is left that could ring: all that are there are busy, and until the time for it is
    /// over nobody who is away may come back or be woken.
    mutating func judgeBusy() throws(FoldError) {
        guard state.legs.values.contains(where: { $0.state == .busy }) else { return }
        let mayCome = state.deadlines[.reach] != nil
        let couldRing = state.legs.contains { address, leg in
            leg.state != .busy && (mayCome || !context.away.contains(address))
        }
        let couldWake = mayCome && (context.pushesWaiting > 0 || !state.pushesTaken.isEmpty)
        if !couldRing, !couldWake {
            try end(.busy)
        }
    }
}
