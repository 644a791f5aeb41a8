/// A call's timers, by what they are for.
enum CallTimer: Hashable, Sendable {
    case peer(PeerID, PeerTimer)
    /// Time to look for a new path for the media.
    case restart
    /// Time to give a call up whose media does not come.
    case giveUp
}
