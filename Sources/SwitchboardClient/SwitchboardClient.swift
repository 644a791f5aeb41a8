public import NIOCore
import NIOPosix
public import SwitchboardProtocol

/// A device's connection to a Switchboard cluster, over all reconnects.
///
/// ```swift
/// let client = try SwitchboardClient(SessionOptions(endpoint: endpoint, device: device, token: .provider(fetchToken)))
/// try await client.connect()
/// let number = try await client.send(invite, in: call)    // returns when it is durable in the cluster
/// for await event in client.events { … }
/// ```
///
/// The actor runs on its session's event loop, so nothing hops between threads on the way from the socket.
public actor SwitchboardClient {
    /// What happens, in order, for one reader. `accepted` is left out: `send` returns instead.
    public nonisolated let events: SessionEvents

    private let driver: SessionDriver
    private let source: SessionEvents.Producer.Source
    private var sends: [Send: CheckedContinuation<Void, any Error>] = [:]
    private var greetings: [CheckedContinuation<Void, any Error>] = []
    private var isWelcome = false
    private var end: SessionEnd?

    /// One send that is waited for.
    private struct Send: Hashable {
        let conversation: ConversationID
        let number: UInt32
    }

    public nonisolated var unownedExecutor: UnownedSerialExecutor {
        driver.eventLoop.executor.asUnownedSerialExecutor()
    }

    /// - Throws: what the outbox's storage throws, or an error about TLS files.
    public init(
        _ options: SessionOptions, eventLoop: any EventLoop = MultiThreadedEventLoopGroup.singleton.any()
    ) throws {
        let driver = try SessionDriver(options, eventLoop: eventLoop)
        self.driver = driver
        (events, source) = SessionEvents.make(for: driver)
        driver.onEvent = { [weak self] event in
            self?.assumeIsolated { $0.handle(event) }
        }
    }

    deinit {
        source.finish()
        let driver = driver
        driver.eventLoop.execute { driver.stop() }
    }

    /// Starts the session and returns when a server has greeted it for the first time. Tries until then; cancel the
    /// task, or `close()`, to give up.
    ///
    /// - Throws: `SessionEnd` if the server does not want this client.
    public func connect() async throws {
        if let end { throw end }
        driver.start()
        guard !isWelcome else { return }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                greetings.append(continuation)
            }
        } onCancel: {
            Task { await self.close() }
        }
    }

    /// Sends a message and returns its number when the cluster has committed it, however many connections that takes.
    ///
    /// A cancelled task stops waiting; the message stays in the outbox all the same, since a number once given must be
    /// used. Messages of one conversation take effect in the order of the calls.
    ///
    /// - Throws: `SendRefusal` if it was not taken into the outbox; `ServerError` if the server refused it, or knows no
    ///   such conversation; `SessionEnd` if the session ended before it was committed.
    @discardableResult
    public func send(_ message: WireMessage, in conversation: ConversationID) async throws -> UInt32 {
        let number = try driver.send(message, in: conversation)
        let key = Send(conversation: conversation, number: number)
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                // A storage that failed has ended the session already.
                if let end { continuation.resume(throwing: end) } else { sends[key] = continuation }
            }
        } onCancel: {
            Task { await self.stopWaiting(for: key) }
        }
        return number
    }

    /// Names a conversation of which the application learned by other means (a push) to the server.
    public func learn(_ conversation: ConversationID) {
        driver.learn(conversation)
    }

    /// The network came back, or the application became visible: reconnects, or checks the connection, at once.
    public func networkBecameAvailable() {
        driver.networkBecameAvailable()
    }

    /// Gives the running connection a new token before the old one expires.
    public func refresh(token: String) {
        driver.refresh(token: token)
    }

    /// Ends the session. What was not accepted stays in the outbox's storage.
    public func close() {
        driver.stop()
    }

    private func stopWaiting(for key: Send) {
        sends.removeValue(forKey: key)?.resume(throwing: CancellationError())
    }

    private func handle(_ event: SessionEvent) {
        switch event {
        case .accepted(let conversation, let number):
            let settled = sends.keys.filter { $0.conversation == conversation && $0.number <= number }
            for key in settled { sends.removeValue(forKey: key)?.resume() }
            return
        case .refused(let conversation, let number, let error):
            let key = Send(conversation: conversation, number: number)
            sends.removeValue(forKey: key)?.resume(throwing: error)
        case .dropped(let conversation, let numbers, let error):
            for number in numbers {
                let key = Send(conversation: conversation, number: number)
                sends.removeValue(forKey: key)?.resume(throwing: error)
            }
        case .welcomed:
            isWelcome = true
            for continuation in greetings { continuation.resume() }
            greetings = []
        case .ended(let reason):
            end = reason
            for continuation in greetings { continuation.resume(throwing: reason) }
            for continuation in sends.values { continuation.resume(throwing: reason) }
            (greetings, sends) = ([], [:])
        default:
            break
        }
        if source.yield(event) == .stopProducing { driver.setReading(false) }
        if case .ended = event { source.finish() }
    }
}
