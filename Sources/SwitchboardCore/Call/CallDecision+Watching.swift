import SwiftProtobuf
import SwitchboardProtocol

/// Devices that have no part in a call that was picked up, and are told that it goes on elsewhere: one of them may take it
/// over.
extension CallDecision {
    func elsewhere(_ address: DeviceAddress, isActive: Bool) -> WireMessage? {
        guard let device = state.device(of: address.user) else { return nil }
        return WireMessage.with {
            $0.elsewhere = WireElsewhere.with {
                $0.device = device.device.text
                $0.active = isActive
            }
        }
    }

    mutating func tellElsewhere(_ address: DeviceAddress, isActive: Bool) throws(FoldError) {
        guard writesSecondLevel, let message = elsewhere(address, isActive: isActive) else { return }
        try deliver(message, to: address, from: nil)
    }

    /// All who were told that the call goes on elsewhere; of one user, or of both.
    mutating func tellBystanders(of user: UserID? = nil, isActive: Bool) throws(FoldError) {
        let told = state.watchers.union(state.legs.keys).filter { user == nil || $0.user == user }
        for address in told.sorted() where !state.isSelected(address) && state.handover?.device != address {
            try tellElsewhere(address, isActive: isActive)
        }
    }

    /// A leg that was not selected, or a device that was woken too late: its part is over.
    mutating func tellAnsweredElsewhere(_ address: DeviceAddress) throws(FoldError) {
        try changeLeg(address, to: .cancelled, reason: .answeredElsewhere)
        try deliver(ended(.answeredElsewhere), to: address, from: nil)
        try tellElsewhere(address, isActive: true)
    }

    /// True if it watches from now on.
    mutating func watch(_ address: DeviceAddress) throws(FoldError) -> Bool {
        guard writesSecondLevel, state.isMember(address.user), state.legs[address] == nil, state.queues[address] == nil
        else { return false }
        try becomeWatcher(address)
        return state.watchers.contains(address)
    }

    mutating func becomeWatcher(_ address: DeviceAddress) throws(FoldError) {
        guard state.watchers.count < limits.maximumWatchers, !state.watchers.contains(address) else { return }
        try record {
            $0.watching = LogWatching.with {
                $0.user = address.user.text
                $0.device = address.device.text
            }
        }
    }
}
