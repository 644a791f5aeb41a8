import DequeModule
import Foundation
public import NIOCore
import NIOSSL
public import SwitchboardProtocol

/// Runs a `SessionMachine` on an event loop: a WebSocket, timers, and the outbox's storage.
///
/// The low-level way to use a session, without a hop or an allocation per message more than needed: events are handed
/// to a closure on the event loop. `SwitchboardClient` is the comfortable one.
///
/// Every method must be called on `eventLoop`, every event comes on it; `@unchecked Sendable` holds because of that
/// rule, which the methods check. An event handler may call the driver's methods: what they cause happens after the
/// actions that are under way.
public final class SessionDriver: @unchecked Sendable {
    public let eventLoop: any EventLoop
    /// The device's id, as the server knows it.
    public let device: DeviceID
    /// Conversations of an earlier life of the client whose invite was not accepted, and was not taken back.
    let restoredInvites: [ConversationID]

    /// Told of each event, on the event loop. Set it before `start()`.
    public var onEvent: (SessionEvent) -> Void = { _ in }

    private let options: SessionOptions
    private let connector: WebSocketConnector
    private let codec: FrameCodec
    private var machine: SessionMachine
    private let started = ContinuousClock.now
    private var timers: [SessionTimer: Scheduled<Void>] = [:]
    private var pending: Deque<SessionAction> = []
    private var isPerforming = false
    private var isFlushScheduled = false
    /// Inside a read: the flush comes when the read is complete.
    private var isReading = false
    /// A change could not be stored: nothing may be sent any more.
    private var hasStorageFailed = false
    private var tokenRenewal: Scheduled<Void>?
    private var socket: WebSocketHandler?
    /// Tells a connection attempt that was given up from the current one.
    private var attempt: UInt64 = 0

    /// - Throws: what the storage or the TLS library throws: a file that cannot be read.
    public init(_ options: SessionOptions, eventLoop: any EventLoop) throws {
        self.options = options
        self.eventLoop = eventLoop
        codec = FrameCodec(options.configuration.subprotocol)
        let record = try options.storage.load()
        restoredInvites = record.abandonedInvites
        device = options.device ?? record.device ?? DeviceID(trusted: ConversationID.random().description)
        machine = SessionMachine(
            configuration: options.configuration, device: device, restoring: record,
            seed: UInt64.random(in: 0...UInt64.max))
        connector = WebSocketConnector(
            endpoint: options.endpoint, subprotocol: options.configuration.subprotocol,
            maximumMessageBytes: options.maximumReceivedBytes, timeout: options.configuration.welcomeTimeout,
            tls: try options.makeTLSContext(),
            localAddress: try options.localAddress.map { try SocketAddress(ipAddress: $0, port: 0) })
    }

    // MARK: - What the application does

    /// Connects, and keeps connecting until `stop()` or an end that the server sets.
    public func start() {
        eventLoop.preconditionInEventLoop()
        perform(machine.started())
    }

    /// Closes the connection in order. The outbox stays in its storage.
    public func stop() {
        eventLoop.preconditionInEventLoop()
        perform(machine.stopped())
    }

    /// Takes a message into the outbox, and sends it as soon as possible.
    ///
    /// - Returns: its number; an event `accepted` with this number or a higher one says that it is committed, an event
    ///   `refused` that the server refused it, `dropped` that there is no such conversation.
    @discardableResult
    public func send(_ message: WireMessage, in conversation: ConversationID) throws(SendRefusal) -> UInt32 {
        eventLoop.preconditionInEventLoop()
        let (number, actions) = try machine.messageQueued(message, in: conversation, now: now)
        perform(actions)
        return number
    }

    /// The network came back, or the application became visible.
    public func networkBecameAvailable() {
        eventLoop.preconditionInEventLoop()
        perform(machine.networkBecameAvailable())
    }

    /// Names a conversation in the next `hello` of which the application learned by other means (a push).
    public func learn(_ conversation: ConversationID) {
        eventLoop.preconditionInEventLoop()
        machine.conversationLearned(conversation)
    }

    /// Gives the running connection a new token.
    public func refresh(token: String) {
        eventLoop.preconditionInEventLoop()
        perform(machine.tokenRefreshed(token))
    }

    /// Stops or resumes reading from the socket: flow control for an application that cannot take more events.
    public func setReading(_ isReading: Bool) {
        eventLoop.preconditionInEventLoop()
        socket?.setReading(isReading)
    }

    /// Asks for fresh ICE servers; an event `iceServers` brings them. Without a connection it does nothing, since the next
    /// `welcome` brings some.
    public func requestICEServers() {
        eventLoop.preconditionInEventLoop()
        perform(machine.iceServersRequested())
    }

    // MARK: - Performing actions

    /// Counts on while the device sleeps, so that an invite's age is true.
    private var now: Duration { started.duration(to: .now) }

    /// Actions are done in order, those of a nested call after those under way.
    private func perform(_ actions: [SessionAction]) {
        if isPerforming {
            pending.append(contentsOf: actions)
            return
        }
        isPerforming = true
        defer { isPerforming = false }
        for action in actions { perform(action) }
        while let action = pending.popFirst() { perform(action) }
    }

    private func perform(_ action: SessionAction) {
        switch action {
        case .transmit(let frame): transmit(frame)
        case .notify(let event): onEvent(event)
        case .store(let change): store(change)
        case .schedule(let timer, let delay): schedule(timer, after: delay)
        case .cancel(let timer): timers.removeValue(forKey: timer)?.cancel()
        case .connect: connect()
        case .disconnect(let code): disconnect(code)
        }
    }

    private func transmit(_ frame: WireClientFrame) {
        // The only frame without an encoding is one with a number that is not finite, which no peer could take either.
        guard !hasStorageFailed, let socket, let bytes = try? codec.encode(frame) else { return }
        socket.write(bytes)
        guard !isReading, !isFlushScheduled else { return }
        isFlushScheduled = true
        eventLoop.execute {
            self.isFlushScheduled = false
            self.socket?.flush()
        }
    }

    private func store(_ change: OutboxChange) {
        do {
            try options.storage.record(change)
        } catch {
            hasStorageFailed = true
            perform(machine.storageFailed())
        }
    }

    private func schedule(_ timer: SessionTimer, after delay: Duration) {
        timers[timer]?.cancel()
        timers[timer] = eventLoop.scheduleTask(in: TimeAmount(delay)) {
            self.timers[timer] = nil
            self.perform(self.machine.timerFired(timer, now: self.now))
        }
    }

    // MARK: - The socket

    private func connect() {
        attempt += 1
        switch options.token {
        case .fixed(let token):
            connect(token: token, attempt: attempt)
        case .provider(let provider):
            let promise = eventLoop.makePromise(of: String.self)
            promise.completeWithTask { try await provider() }
            promise.futureResult.whenComplete { [attempt] result in
                switch result {
                case .success(let token): self.connect(token: token, attempt: attempt)
                case .failure(let error): self.connectFailed("no token: \(error)", attempt: attempt)
                }
            }
        }
    }

    private func connect(token: String, attempt: UInt64) {
        guard attempt == self.attempt else { return }
        let handler = WebSocketHandler(owner: self, subprotocol: options.configuration.subprotocol)
        let bound = NIOLoopBound(handler, eventLoop: eventLoop)
        connector.connect(on: eventLoop, handler: handler).whenComplete { result in
            switch result {
            case .success:
                guard attempt == self.attempt else { return bound.value.close(code: CloseCode.goingAway.rawValue) }
                self.socket = bound.value
                self.scheduleRenewal(of: token)
                self.perform(self.machine.socketOpened(token: token))
            case .failure(let error):
                self.connectFailed("\(error)", attempt: attempt)
            }
        }
    }

    private func connectFailed(_ reason: String, attempt: UInt64) {
        guard attempt == self.attempt else { return }
        perform(machine.socketFailed(reason: reason))
    }

    /// Gets a new token before this one expires, so that the server need not close the connection.
    private func scheduleRenewal(of token: String) {
        tokenRenewal?.cancel()
        let now = Duration.milliseconds(Date().timeIntervalSince1970 * 1000)
        guard case .provider(let provider) = options.token, let delay = TokenExpiry.renewal(of: token, now: now)
        else { return }
        tokenRenewal = eventLoop.scheduleTask(in: TimeAmount(delay)) {
            let promise = self.eventLoop.makePromise(of: String.self)
            promise.completeWithTask { try await provider() }
            promise.futureResult.whenSuccess { [attempt = self.attempt] renewed in
                // One that fails is made up for by the next connection, which asks again.
                guard attempt == self.attempt, self.socket != nil else { return }
                self.perform(self.machine.tokenRefreshed(renewed))
                self.scheduleRenewal(of: renewed)
            }
        }
    }

    private func disconnect(_ code: CloseCode) {
        tokenRenewal?.cancel()
        attempt += 1
        socket?.close(code: code.rawValue)
        socket = nil
        // The end of the read in which this happens is not told any more.
        isReading = false
    }
}

extension SessionDriver: WebSocketHandler.Owner {
    func socketDidRead(_ bytes: ByteBuffer, _ handler: WebSocketHandler) {
        guard handler === socket else { return }
        isReading = true
        if let frame = try? codec.decode(WireServerFrame.self, from: Array(bytes.readableBytesView)) {
            perform(machine.frameReceived(frame, now: now))
        } else {
            perform(machine.malformedFrameReceived())
        }
    }

    func socketDidReadUnexpectedFrame(_ handler: WebSocketHandler) {
        guard handler === socket else { return }
        perform(machine.malformedFrameReceived())
    }

    func socketDidReadPing(_ handler: WebSocketHandler) {
        guard handler === socket else { return }
        machine.pingReceived(now: now)
    }

    func socketDidCompleteRead(_ handler: WebSocketHandler) {
        isReading = false
    }

    func socketDidClose(code: UInt16?, _ handler: WebSocketHandler) {
        guard handler === socket else { return }
        tokenRenewal?.cancel()
        isReading = false
        socket = nil
        perform(machine.socketClosed(code: code))
    }
}
