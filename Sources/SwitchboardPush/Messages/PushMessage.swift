public import SwitchboardCore
public import SwitchboardProtocol

/// What one endpoint is told, whoever carries it.
public struct PushMessage: Sendable, Equatable {
    public var conversation: ConversationID
    public var kind: ClaimedPush.Kind
    public var endpoint: PushEndpoint
    /// How long it is good for, from now.
    public var expiresIn: Duration

    public init(conversation: ConversationID, kind: ClaimedPush.Kind, endpoint: PushEndpoint, expiresIn: Duration) {
        self.conversation = conversation
        self.kind = kind
        self.endpoint = endpoint
        self.expiresIn = expiresIn
    }

    public var isInvite: Bool {
        if case .invite = kind { return true }
        return false
    }

    /// Under which a cancel takes the place of its invite, wherever that waits or is shown: the conversation's id without dashes.
    /// 32 characters of the base64url alphabet, as RFC 8030 §5.4 wants a Topic to be.
    public var collapseKey: String { "\(conversation)".filter { $0 != "-" } }

    /// Whole seconds that are left, rounded up; at least 1.
    var secondsLeft: Int { max(1, Int((expiresIn.milliseconds / 1000).rounded(.up))) }
}
