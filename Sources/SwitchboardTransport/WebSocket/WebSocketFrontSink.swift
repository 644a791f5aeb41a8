public import SwitchboardProtocol

/// Takes what clients send.
///
/// Called on event loops: an implementation must not block, and should do no more than put the event into a queue. For one
/// connection the calls come in this order, on one thread: `connectionOpened`, any number of the others, `connectionClosed`
/// once. Different connections call at the same time.
public protocol WebSocketFrontSink: AnyObject, Sendable {
    func connectionOpened(_ connection: ConnectionID, _ info: ConnectionInfo)

    /// All frames that one turn of reading brought, in the order in which the client sent them; never empty.
    func framesReceived(_ connection: ConnectionID, _ frames: [WireClientFrame])

    /// Nothing is received from this connection any more, and nothing sent to it. Its socket may stay a moment longer, so that
    /// the client gets the close frame.
    func connectionClosed(_ connection: ConnectionID, _ reason: ConnectionCloseReason)
}
