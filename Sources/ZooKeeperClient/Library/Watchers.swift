import CZooKeeper

// Both functions are called by C, on the library's callback thread, in one order with all completions. The handle is valid and
// none of the library's locks is held, so requests may be made from here. `path` is C's and lives until the return. They are
// plain functions of the file, for a closure that belonged to an actor would trap on this thread. The context is a number.

/// The session's own watcher: hears of the connection and of the session.
func sessionWatcher(
    handle: OpaquePointer?, type: Int32, state: Int32, path: UnsafePointer<CChar>?, context: UnsafeMutableRawPointer?
) {
    guard type == ZOO_SESSION_EVENT, let handle else { return }
    guard let session = SessionRegistry.session(SessionNumber(context)) else { return }
    switch state {
    case ZOO_CONNECTED_STATE:
        // Valid right here only: the id and the timeout are those of this connection.
        guard let client = zoo_client_id(handle) else { return }
        session.connected(
            ZooKeeperSessionID(rawValue: client.pointee.client_id),
            timeout: .milliseconds(Int64(zoo_recv_timeout(handle))))
    case ZOO_EXPIRED_SESSION_STATE:
        session.expired()
    case ZOO_AUTH_FAILED_STATE:
        session.authenticationFailed()
    default:
        session.connectionLost()
    }
}

/// The watcher of every watched node. C tells session events to all watchers; the session's own one has told them already.
func childrenWatcher(
    handle: OpaquePointer?, type: Int32, state: Int32, path: UnsafePointer<CChar>?, context: UnsafeMutableRawPointer?
) {
    guard type != ZOO_SESSION_EVENT, let path else { return }
    guard let session = SessionRegistry.session(SessionNumber(context)) else { return }
    session.childrenChanged(String(cString: path))
}
