/// How the connection to the cluster stands.
public enum ConnectionStatus: Sendable, Equatable {
    case connecting
    case connected(node: String)
    /// It is gone; the next attempt comes after this long.
    case waiting(DisconnectReason, retryAfter: Duration)
    /// No other one will be made.
    case ended(SessionEnd)
}
