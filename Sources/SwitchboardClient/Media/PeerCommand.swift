/// What is asked of a peer connection. Those that are answered are asked one at a time: the next comes after the answer.
package enum PeerCommand: Sendable, Equatable {
    // Answered, by `PeerAnswer`.
    case open(iceServers: [IceServer], offers: CallMedia?)
    case createOffer(restartingICE: Bool)
    case createAnswer
    case setLocal(SessionDescription)
    case setRemote(SessionDescription)
    case rollBack
    /// nil: no more.
    case add([IceCandidate?])
    case send(CallMedia)
    case setIceServers([IceServer])
    case readRemoteDigests
    // Not answered, and nothing is after it.
    case close
}
