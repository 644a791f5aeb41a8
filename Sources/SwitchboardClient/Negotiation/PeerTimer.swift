/// The timers of a peer connection, by what they are for.
package enum PeerTimer: Hashable, Sendable {
    /// Local candidates have waited for others.
    case flush
    /// The first connection has had its time; negotiations may help it.
    case negotiable
}
