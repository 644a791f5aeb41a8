/// What a client tells its sink, in the order in which it happened.
public enum ZooKeeperEvent: Sendable, Equatable {
    /// The session or its connection changed.
    case session(ZooKeeperSessionEvent)

    /// The children of a watched node changed, or the node itself was deleted.
    ///
    /// A watch fires once. Read the children again, with a new watch, to learn what changed and to go on watching.
    /// ZooKeeper promises that this event comes before any answer that already shows the change.
    case childrenChanged(path: String)

    /// A request was answered or has failed. Every accepted request gets exactly one of these.
    case completed(ZooKeeperRequestID, Result<ZooKeeperResponse, ZooKeeperError>)
}

/// What became of the session, which begins as connecting.
///
/// The usual course is `connected`, then any number of `disconnected` … `connected`, then `closed`.
public enum ZooKeeperSessionEvent: Sendable, Hashable {
    /// A server of the ensemble serves the session. After a reconnection the id is the same, and watches hold on.
    ///
    /// `timeout` is what the server grants: without a word from this client for so long, the ensemble ends the session and
    /// deletes its ephemeral nodes. It may differ from what the configuration asked for.
    case connected(ZooKeeperSessionID, timeout: Duration)

    /// The connection is lost; the client goes on trying all servers. Requests in flight fail with
    /// ``ZooKeeperError/connectionLoss`` after this event.
    case disconnected

    /// Without connection for a whole session timeout: by now the ensemble, if it works, has probably expired the session.
    ///
    /// This is a suspicion, told once for each disconnection. The truth (``connected(_:timeout:)`` or ``expired``) can only
    /// be told by a server, and so comes after the next connection. The time runs from ``disconnected``; a server that falls
    /// silent without closing the connection is noticed two thirds of a timeout after its last word.
    case presumedExpired

    /// The ensemble has ended the session; its ephemeral nodes and watches are gone. All requests in flight fail, then the
    /// client closes itself. Make a new client to go on.
    case expired

    /// The ensemble refuses the client's credentials. All requests in flight fail, then the client closes itself.
    case authenticationFailed

    /// The last event of a client, after ``ZooKeeperClient/close()``, after expiry, or after failed authentication.
    case closed
}
