/// One connection for media between two devices: what a WebRTC library calls `RTCPeerConnection`. An application plugs
/// its library in by an adapter to this protocol; docs/SWIFT-SDK.md has the sketch of one.
///
/// The SDK calls the methods one at a time, each after the one before has returned, but for `close()`, which may come at
/// any time. Errors that they throw are told to the application as problems, and end a call that has no media yet.
public protocol PeerConnection: Sendable {
    associatedtype Events: AsyncSequence<PeerConnectionEvent, Never> & Sendable

    /// What happens to it, in order. Iterated once, from its beginning on; ends with `close()`.
    var events: Events { get }

    /// An offer's SDP, as the library returns it: it must hold no candidates, which it does not before
    /// `setLocalDescription`.
    func createOffer(restartingICE: Bool) async throws -> String

    /// The answer to the offer that was set, likewise. All transceivers are to be negotiated for both directions, whether
    /// there is something to send or not (direction `sendrecv`): what is sent later then needs no second negotiation.
    func createAnswer() async throws -> String

    /// Gathering begins with it.
    func setLocalDescription(_ description: SessionDescription) async throws
    func setRemoteDescription(_ description: SessionDescription) async throws

    /// Takes back the local offer that was set: the signaling state is stable again.
    func rollBack() async throws

    /// nil: there will be no more.
    func add(_ candidate: IceCandidate?) async throws

    /// Captures and sends these kinds, and ceases to send the others; tracks replace each other without a negotiation.
    /// Called when the user has called or picked up, and never before. A kind that was not negotiated yet leads to the
    /// event `negotiationNeeded`.
    func send(_ media: CallMedia) async throws

    /// For the next gathering.
    func setIceServers(_ servers: [IceServer]) async throws

    /// SHA-256 of the certificates that the other end has shown (32 bytes each); nil if the library does not tell.
    func remoteCertificateDigests() async -> [[UInt8]]?

    func close() async
}

extension PeerConnection {
    public func remoteCertificateDigests() async -> [[UInt8]]? { nil }
}
