import DequeModule
public import NIOCore
import NIOPosix
import SwiftProtobuf
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
    /// Sends that are waited for, in the order of their numbers.
    private var sends: [ConversationID: Deque<Waiter>] = [:]
    private var greetings: [CheckedContinuation<Result<Void, SessionEnd>, Never>] = []
    private var isWelcome = false
    private var end: SessionEnd?

    /// The device's id, as the server knows it.
    public nonisolated var device: DeviceID { driver.device }
    nonisolated var eventLoop: any EventLoop { driver.eventLoop }
    /// Who takes the events in place of their reader.
    private var handler: (@Sendable (SessionEvent) -> Void)?

    /// The ICE servers that the cluster named last, with their credentials; nil before the first greeting.
    public private(set) var iceServers: WireIceServers?

    /// Told once what became of a send.
    package typealias Outcome = @Sendable (Result<Void, SendError>) -> Void

    private struct Waiter {
        let number: UInt32
        let outcome: Outcome
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
    public func connect() async throws(SessionEnd) {
        if let end { throw end }
        driver.start()
        guard !isWelcome else { return }
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { greetings.append($0) }
        } onCancel: {
            Task { await self.close() }
        }
        try result.get()
    }

    /// Sends a message and returns its number when the cluster has committed it, however many connections that takes.
    ///
    /// A cancelled task stops waiting; the message stays in the outbox all the same, since a number once given must be
    /// used. Messages of one conversation take effect in the order of the calls.
    @discardableResult
    public func send(_ message: WireMessage, in conversation: ConversationID) async throws(SendError) -> UInt32 {
        let number: UInt32
        do {
            number = try driver.send(message, in: conversation)
        } catch {
            throw .notTaken(error)
        }
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                wait(conversation, number) { continuation.resume(returning: $0) }
            }
        } onCancel: {
            Task { await self.settle(conversation, number, .failure(.cancelled)) }
        }
        try result.get()
        return number
    }

    /// Takes a message into the outbox and does not wait for it. The events `refused` and `dropped` say if it comes to
    /// nothing.
    ///
    /// - Returns: its number.
    @discardableResult
    public func enqueue(_ message: WireMessage, in conversation: ConversationID) throws(SendRefusal) -> UInt32 {
        try driver.send(message, in: conversation)
    }

    /// Takes a message into the outbox and tells, on this actor, what becomes of it.
    package func enqueue(
        _ message: WireMessage, in conversation: ConversationID, outcome: Outcome?
    ) throws(SendRefusal) {
        let number = try driver.send(message, in: conversation)
        if let outcome { wait(conversation, number, outcome) }
    }

    /// Names a conversation of which the application learned by other means (a push) to the server.
    public func learn(_ conversation: ConversationID) {
        driver.learn(conversation)
    }

    /// Asks the cluster for fresh ICE servers; an event `iceServers` brings them. Without a connection it does nothing: the
    /// next greeting brings some.
    public func requestICEServers() {
        driver.requestICEServers()
    }

    /// The network came back, or the application became visible: reconnects, or checks the connection, at once.
    public func networkBecameAvailable() {
        driver.networkBecameAvailable()
    }

    /// Gives the running connection a new token before the old one expires. `TokenSource.provider` needs no such help.
    public func refresh(token: String) {
        driver.refresh(token: token)
    }

    /// From now on all events go to this handler, on the event loop, and none to `events`.
    ///
    /// - Returns: conversations of an earlier life of the application whose invite waits in the outbox yet.
    func hand(to handler: @escaping @Sendable (SessionEvent) -> Void) -> [ConversationID] {
        self.handler = handler
        source.finish()
        return driver.restoredInvites
    }

    /// Ends the session. What was not accepted stays in the outbox's storage.
    public func close() {
        driver.stop()
    }

    private func wait(_ conversation: ConversationID, _ number: UInt32, _ outcome: @escaping Outcome) {
        // A storage that failed has ended the session already.
        if let end { return outcome(.failure(.sessionEnded(end))) }
        sends[conversation, default: []].append(Waiter(number: number, outcome: outcome))
    }

    private func settle(_ conversation: ConversationID, _ number: UInt32, _ result: Result<Void, SendError>) {
        guard let index = sends[conversation]?.firstIndex(where: { $0.number == number }),
            let waiter = sends[conversation]?.remove(at: index)
        else { return }
        if sends[conversation]?.isEmpty == true { sends[conversation] = nil }
        waiter.outcome(result)
    }

    private func accepted(_ conversation: ConversationID, through number: UInt32) {
        guard var waiters = sends.removeValue(forKey: conversation) else { return }
        while let first = waiters.first, first.number <= number {
            waiters.removeFirst()
            first.outcome(.success(()))
        }
        if !waiters.isEmpty { sends[conversation] = waiters }
    }

    private func ended(_ reason: SessionEnd) {
        end = reason
        for continuation in greetings { continuation.resume(returning: .failure(reason)) }
        let waiters = sends.values.joined()
        (greetings, sends) = ([], [:])
        for waiter in waiters { waiter.outcome(.failure(.sessionEnded(reason))) }
    }

    private func handle(_ event: SessionEvent) {
        settle(event)
        if let handler { return handler(event) }
        if case .accepted = event { return }
        if source.yield(event) == .stopProducing { driver.setReading(false) }
        if case .ended = event { source.finish() }
    }

    private func settle(_ event: SessionEvent) {
        switch event {
        case .accepted(let conversation, let number):
            accepted(conversation, through: number)
        case .refused(let conversation, let number, let error, _):
            settle(conversation, number, .failure(.refused(error)))
        case .dropped(let conversation, let numbers, let error):
            for number in numbers { settle(conversation, number, .failure(.refused(error))) }
        case .welcomed(let welcome):
            iceServers = .with { ($0.iceServers, $0.ttlMs) = (welcome.iceServers, welcome.iceServersTtlMs) }
            isWelcome = true
            for continuation in greetings { continuation.resume(returning: .success(())) }
            greetings = []
        case .iceServers(let servers):
            iceServers = servers
        case .ended(let reason):
            ended(reason)
        default:
            break
        }
    }
}
