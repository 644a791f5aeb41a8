/// What happens to a `PeerConnection`.
public enum PeerConnectionEvent: Sendable, Equatable {
    /// A local candidate was found.
    case candidate(IceCandidate)
    /// There will be no more of this gathering.
    case gatheringComplete
    /// The library wants a negotiation: a kind of media was added.
    case negotiationNeeded
    /// ICE and DTLS are done (`connectionState` connected), are in trouble, or have given up.
    case connected, disconnected, failed
}
