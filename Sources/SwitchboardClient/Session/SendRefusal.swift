/// Why the client itself does not take a message into its outbox.
public enum SendRefusal: Error, Sendable, Equatable {
    /// Too many sends of this conversation wait for acceptance; wait for `accepted`.
    case outboxFull(limit: Int)
    /// The frame would be larger than the server takes, in bytes.
    case messageTooLarge(limit: Int)
    /// The device takes part in as many live conversations as the server allows; end one.
    case tooManyConversations(limit: Int)
    /// The session is over.
    case sessionEnded(SessionEnd)
}
