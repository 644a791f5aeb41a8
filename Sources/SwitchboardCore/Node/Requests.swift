import SwitchboardProtocol

/// Why the store was asked.
enum StorePurpose: Sendable {
    case commit(StoreLane, appends: [ConversationID], confirmations: [ConversationID])
    case load(ConversationID)
    case lookUp(ConversationID)
    case confirmEnd(ConversationID)
    case announce([ConnectionID])
    case withdraw([PresenceKey])
    case ownPresence
    case presentIncarnations
    case scan
    case health
    case featureLevel
    case housekeeping
}

/// Why the coordinator was asked.
enum CoordinatorPurpose: Sendable {
    case create(ConversationID, isNew: Bool)
    case read(ConversationID)
    case claim(ConversationID)
    /// For a leadership that met somebody else's barrier.
    case confirmLeadership(ConversationID)
    case housekeeping
}

/// Timers of the core. Whoever handles one checks whether it still applies.
enum TimerKey: Sendable {
    case sync(ConnectionID)
    case tokenExpiry(ConnectionID)
    case drain(ConnectionID)
    case attach(ConversationID)
    case retryRoute(ConversationID)
    case fastClaim(ConversationID, Incarnation)
    case lane(StoreLane)
    case retryLoad(ConversationID)
    case retryEnd(ConversationID)
    case retryLeadershipRead(ConversationID)
    case deadline(ConversationID, Deadline)
    /// Devices have had time to attach to a new leader.
    case devicesAwaited(ConversationID)
    case featureLevel
    case iceServers(ConnectionID)
    case endedRetention(ConversationID)
    /// Nothing may have come of a conversation that this node has created in the coordinator.
    case unopened(ConversationID)
    case quarantine(ConversationID)
    /// Every `scanInterval`.
    case scan
    /// Once, out of turn.
    case rescan
    case health
    case collect
    /// Every `presenceInterval`.
    case reconcile
    case retryPresence
    case forget(Incarnation)
    case overflowed(Incarnation)
}
