public import SwitchboardProtocol

/// What a session tells its application, in order.
public enum SessionEvent: Sendable, Equatable {
    /// A connection is being opened; attempt 0 is the first of a row.
    case connecting(attempt: Int)
    /// The server greeted; the outbox is being sent again.
    case welcomed(WireWelcome)
    /// All that waited has been delivered. The conversations named did not answer in time and follow later.
    case synchronized(missing: [ConversationID])
    /// All sends of the conversation up to this number are committed, with their effect or their refusal.
    case accepted(ConversationID, through: UInt32)
    /// This send was consumed without effect. (The message is nil if it is not waiting any more.)
    case refused(ConversationID, number: UInt32, ServerError, WireMessage?)
    /// Nothing was consumed; the session sends again after this long.
    case postponed(ConversationID, ServerError, retryAfter: Duration)
    /// The server knows no such conversation for this user: its outbox is dropped, these numbers included.
    case dropped(ConversationID, unaccepted: [UInt32], ServerError)
    /// A delivery: each once, in order.
    case delivered(ConversationID, WireDeliver)
    /// The state of a conversation of which this device had no cursor.
    case snapshot(ConversationID, WireSnapshot)
    /// Fresh ICE servers of this user; they replace those of `welcome`.
    case iceServers(WireIceServers)
    /// An error of the connection as a whole; the server usually closes after it.
    case failed(ServerError)
    /// The connection is gone; the next attempt comes after this long.
    case disconnected(DisconnectReason, retryAfter: Duration)
    /// The session is over and will not connect again.
    case ended(SessionEnd)
}

/// Why a connection went away that will be replaced by another.
public enum DisconnectReason: Sendable, Equatable {
    /// It could not be opened, or no token could be had; the text is for people.
    case unreachable(String)
    /// The socket was closed: by the server with this code, or without a word.
    case closed(code: UInt16?)
    /// The server asked for it (`go_away`).
    case serverLeaving
    /// The server did not greet, or gave no sign of life.
    case silent
    /// The server sent what the protocol does not allow.
    case protocolViolation(String)
}

/// Why a session will not connect again.
public enum SessionEnd: Error, Sendable, Equatable {
    /// The application stopped it.
    case stopped
    /// The server closed with a code that forbids reconnecting: bad token, replaced by a newer connection, …
    case refused(code: UInt16, ServerError?)
    /// A newer connection of this device uses another outbox.
    case superseded
    /// The outbox's storage failed, so nothing could be promised any more.
    case storageFailed
}

/// An `error` frame.
public struct ServerError: Error, Sendable, Equatable {
    /// As on the wire; stable.
    public let name: String
    /// The name, if this version knows it.
    public var known: ErrorName? { ErrorName(rawValue: name) }
    /// For people: what to do.
    public let message: String
    /// False: nothing was consumed, and the same will be sent again.
    public let isPermanent: Bool
    /// How long to wait before the next attempt; nil: as the client likes.
    public let retryAfter: Duration?

    init(_ frame: WireError) {
        name = frame.name
        message = frame.message
        isPermanent = frame.permanent
        retryAfter = frame.retryAfterMs > 0 ? .milliseconds(min(frame.retryAfterMs, 600_000)) : nil
    }
}

extension ServerError: CustomStringConvertible {
    public var description: String { message.isEmpty ? name : "\(name): \(message)" }
}
