/// One session with a ZooKeeper ensemble, by the C library `libzookeeper_mt`.
///
/// **One client, one session.** A client connects when it is made, reconnects by itself as long as the session lives, and ends
/// with the session: after ``ZooKeeperSessionEvent/expired`` it closes itself, and a new client must be made. So an ephemeral
/// node can never seem to be ours when it is not.
///
/// **The sink** hears everything in one order and never twice at a time. It is called on the library's thread (the suspicion of
/// expiry and what happens in closing, on a thread of the client's own), and nothing else happens until it returns: it should
/// hand over and return. It may make requests and begin to close, but must not wait for either.
///
/// **Requests** never block and may be made on any thread. A request that is refused throws, and no event follows; every
/// other gets exactly one ``ZooKeeperEvent/completed(_:_:)``, at the latest when the session ends or the client is closed.
/// Answers come in the order of the requests. Requests made without a connection wait for the next attempt to connect, and
/// fail with ``ZooKeeperError/connectionLoss`` if that fails.
///
/// **Few ephemerals.** Ending a session is one transaction that names all its ephemeral nodes; with 100,000 of them it exceeds
/// what servers accept from each other, and the ensemble goes down for good (ZOOKEEPER-4306). Keep them to a handful.
///
/// **No TLS.** Debian's library has neither TLS nor SASL: protect the way to the ensemble by the network or by a tunnel, and put
/// no secrets into paths or data.
public final class ZooKeeperClient: Sendable {
    private let session: Session

    /// Starts to connect. Blocks while the names of the servers are resolved, so not to be called on an event loop.
    ///
    /// - Parameters:
    ///   - configuration: Where the ensemble is, and the bounds.
    ///   - sink: Hears all events, from before this returns until ``ZooKeeperSessionEvent/closed``.
    /// - Throws: ``ZooKeeperError/cannotStart(reason:)``. Servers that do not answer are no error: the client goes on trying.
    public init(
        _ configuration: ZooKeeperConfiguration, sink: @escaping @Sendable (ZooKeeperEvent) -> Void
    ) throws(ZooKeeperError) {
        session = SessionRegistry.register { Session(number: $0, configuration: configuration, sink: sink) }
        try session.open()
    }

    /// A client that nobody holds any more closes in the background.
    deinit {
        session.close {}
    }

    /// Asks for something without waiting; the answer comes as ``ZooKeeperEvent/completed(_:_:)`` with this id.
    ///
    /// - Throws: Why nothing was sent: ``ZooKeeperError/overloaded``, ``ZooKeeperError/notConnected`` (only a multi),
    ///   ``ZooKeeperError/invalidPath(_:)``, ``ZooKeeperError/requestTooLarge(byteCount:limit:)``,
    ///   ``ZooKeeperError/sessionExpired``, ``ZooKeeperError/authenticationFailed`` or ``ZooKeeperError/closing``.
    public func submit(_ request: ZooKeeperRequest, id: ZooKeeperRequestID) throws(ZooKeeperError) {
        try session.submit(request, for: .sink(id))
    }

    /// Asks for something and waits for the answer, which does not go to the sink.
    ///
    /// Cancelling the task does not take the request back, and so does not end the wait.
    public func perform(_ request: ZooKeeperRequest) async throws(ZooKeeperError) -> ZooKeeperResponse {
        let result = await withCheckedContinuation { continuation in
            do throws(ZooKeeperError) {
                try session.submit(request, for: .task(continuation))
            } catch {
                continuation.resume(returning: .failure(error))
            }
        }
        return try result.get()
    }

    /// Ends the session, so that its ephemeral nodes vanish at once, and returns after the last event.
    ///
    /// What is still in flight fails with ``ZooKeeperError/closing``. This can take 4.5 seconds when a server does not answer;
    /// meanwhile only the caller waits. Closing again waits for the same end.
    public func close() async {
        await withCheckedContinuation { continuation in
            session.close { continuation.resume() }
        }
    }
}
