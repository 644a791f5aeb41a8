public import SwitchboardProtocol

/// What happens in a call, in order.
public enum CallEvent: Sendable, Equatable {
    case stateChanged(CallState)
    /// The server has committed the invite.
    case placed
    /// Both had called each other, and this call goes on as another one: the other's, as the callee, or once more one's
    /// own if that one was over already. Id and role have changed; nothing else needs to.
    case glare(previous: ConversationID, id: ConversationID, role: CallRole)
    case remoteMediaChanged(MediaState)
    /// The peer's device has lost the media, or has it again.
    case peerReconnecting(Bool)
    /// The application's own messages.
    case info(type: String, body: String)
    case securityCodeChanged(SecurityCode)
    /// Another device of the peer takes the call. The media goes on; a failure changes nothing.
    case peerHandover(PeerHandover, device: String)
    /// `Call.peerConnection` is another one.
    case peerConnectionChanged
    case problem(CallProblem)
}
