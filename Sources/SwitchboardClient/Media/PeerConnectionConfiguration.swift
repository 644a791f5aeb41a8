/// What a peer connection is made for.
public struct PeerConnectionConfiguration: Sendable, Equatable {
    /// The call.
    public let call: String
    /// Its number in the call: a new network, a handover or a restart of the application begin another one.
    public let session: UInt32
    public let iceServers: [IceServer]
    /// It makes the first offer, for these kinds: add a transceiver for each (direction `sendrecv`). nil: it answers, and
    /// the offer brings the transceivers.
    public let offers: CallMedia?
}
