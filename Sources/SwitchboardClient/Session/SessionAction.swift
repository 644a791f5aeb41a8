public import SwitchboardProtocol

/// What a `SessionMachine` asks its driver to do. Actions are done in their order: what `store` names must be durable
/// before a `transmit` that follows it, and what `notify` names must be with the application before an `ack` that
/// follows it.
public enum SessionAction: Sendable, Equatable {
    /// Open a WebSocket and get a token; then `socketOpened(token:)` or `socketFailed(reason:)`.
    case connect
    /// Close the socket, or give up opening it. Nothing more of it is reported to the machine.
    case disconnect(CloseCode)
    /// Write one frame to the socket.
    case transmit(WireClientFrame)
    /// Write a change of the outbox to its storage; if that fails, `storageFailed()`.
    case store(OutboxChange)
    /// Call `timerFired` once after this long. A timer has one due time: a new one replaces the old.
    case schedule(SessionTimer, after: Duration)
    /// Forget a timer. One that is not set is no error.
    case cancel(SessionTimer)
    /// Tell the application.
    case notify(SessionEvent)
}

/// The machine's timers, by what they are for.
public enum SessionTimer: Hashable, Sendable {
    /// Time to connect, again.
    case reconnect
    /// The server owes a `welcome`.
    case welcomeDue
    /// Time to look whether anything was heard.
    case heartbeat
    /// Time to look whether anything was heard while something waits for acceptance.
    case acceptanceDue
    /// The server owes a sign of life.
    case pongDue
    /// The connection has stood long enough to start the backoff afresh.
    case stable
    /// Coalesced acknowledgements are due.
    case acknowledge
    /// Time to send a conversation's outbox again after a temporary error.
    case resend(ConversationID)
}
