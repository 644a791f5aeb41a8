/// Why something cannot be done in a call.
public enum CallError: Error, Sendable, Equatable {
    /// The call is not in a state for it: only a call that rings here can be accepted, only one that was picked up has
    /// somebody to send to, and nothing can be done in one that has ended.
    case wrongState
    /// There is no such call on another device.
    case notElsewhere
    /// The session took the message, and it came to nothing.
    case send(SendError)
}
