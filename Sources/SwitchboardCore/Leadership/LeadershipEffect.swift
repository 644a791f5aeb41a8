import SwitchboardProtocol

/// What a leadership wants done. Order is meaning: effects are performed as they stand.
enum LeadershipEffect: Sendable {
    /// Put these on that connection's socket; all of it is committed.
    case push(TargetKey, DeviceAddress, [WireServerFrame])
    /// The answer to an attach; what waited for the connection has been pushed before.
    case attached(TargetKey, PeerAttached)
    /// There is something to append or to confirm.
    case wantsCommit
    /// There is a barrier to append, on the barrier lane.
    case wantsBarrier
    case load
    /// Commit anything, and say when it has returned (`endConfirmed`).
    case confirmEnd
    /// Ask the coordinator who leads, after a sync.
    case readClaim
    /// A barrier stands: this node leads in this epoch; these connections are to be told so.
    case leading(epoch: UInt32, [PresenceRow])
    /// The fronts of these connections are to attach them: their users have the call on other devices.
    case attachOthers([PresenceRow])
    /// Somebody else leads, or may. Targets and senders of what was waiting are to find the leader anew.
    case steppedDown([DroppedWork])
    /// The log is closed.
    case ended
    case scheduleDeadline(Deadline, after: Duration)
    /// Pushes are in the outbox of the store.
    case pushesCommitted
    /// Another call is to be ended; the store has the command too.
    case command(EndCommand)
    /// One input could not be taken, through nobody's fault but ours.
    case inputLost(reason: String)
    /// The log was written at a feature level that this node does not have: a node that has it must lead.
    case needsLevel(UInt32)
    /// Three leaders failed on it: hands off for a while.
    case quarantined(reason: String)
}

/// What a leader held for a connection when it stepped down.
struct DroppedWork: Sendable {
    var target: TargetKey
    var address: DeviceAddress
}
