/// Why a message is not committed with its effect.
public enum SendError: Error, Sendable, Equatable {
    /// It was not taken into the outbox: nothing of it was sent or stored.
    case notTaken(SendRefusal)
    /// The server refused it for good; or it knows no such conversation for this user (`not_found`).
    case refused(ServerError)
    /// The session ended before it was committed. It stays in the outbox's storage.
    case sessionEnded(SessionEnd)
    /// The task that waited was cancelled. The message stays in the outbox and is sent all the same.
    case cancelled
}

extension SendError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .notTaken(let refusal): "the message was not taken: \(refusal)"
        case .refused(let error): "the server refused the message: \(error)"
        case .sessionEnded(let end): "the session ended: \(end)"
        case .cancelled: "nobody waits for the message any more; it is sent all the same"
        }
    }
}
