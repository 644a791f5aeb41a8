public import SwitchboardProtocol

/// Links to the other nodes, one per pair. A message port: `send` never blocks; what does not fit a link's bound is
/// dropped with the link's frames (they are found again by re-attaching), and said in an event.
public protocol PeerLinks: Sendable {
    /// The nodes to hold links to; a link to an incarnation that is not named any more is closed.
    func setPeers(_ peers: [Incarnation: PeerAddress])
    func send(_ frames: [PeerPeerFrame], to peer: Incarnation)
    /// One immediate attempt to connect, to learn whether the process is still there; answers with
    /// `PeerLinkEvent.probed`.
    func probe(_ peer: Incarnation)
}

public enum PeerLinkEvent: Sendable {
    case up(Incarnation)
    /// `isGone`: the address refused or reset the connection, or another incarnation answers there: the process has ended.
    /// Never on a mere time-out.
    case down(Incarnation, isGone: Bool)
    case probed(Incarnation, isGone: Bool)
    case received([PeerPeerFrame], from: Incarnation)
    /// Frames towards this peer were dropped at the bound.
    case overflowed(Incarnation)
}
