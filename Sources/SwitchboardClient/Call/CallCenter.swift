import NIOCore
public import SwitchboardProtocol

/// Makes calls and takes them, over a client and with the peer connections of the application's WebRTC library.
///
/// ```swift
/// let center = await CallCenter(client, peerConnections: MyFactory())
/// Task { for await event in center.events { if case .incoming(let call) = event { ring(call) } } }
/// try await center.connect()
/// let call = await center.call("bob", .audioVideo)
/// for await event in call.events { … }
/// ```
///
/// It takes the client's events for itself: use the center's. It runs on the client's event loop, so that what the server
/// tells is dealt with before it is acknowledged.
public actor CallCenter {
    /// What is told about all calls and about the connection, in order, for one reader. Bounded: of a reader that lags far
    /// behind the oldest events are lost.
    public nonisolated let events: AsyncStream<CallCenterEvent>

    private let client: SwitchboardClient
    private let factory: any PeerConnectionFactory
    private var book: CallBook
    private var calls: [CallHandle: Call] = [:]
    private var peers: [PeerID: PeerRunner] = [:]
    private var timers: [CallBook.Timer: Scheduled<Void>] = [:]
    private var pushes: [ConversationID: [CheckedContinuation<Call?, Never>]] = [:]
    private let eventLoop: any EventLoop
    private let continuation: AsyncStream<CallCenterEvent>.Continuation

    private static let bufferedEvents = 1024

    public nonisolated var unownedExecutor: UnownedSerialExecutor { client.unownedExecutor }

    public init(
        _ client: SwitchboardClient, peerConnections: any PeerConnectionFactory, options: CallOptions = CallOptions()
    ) async {
        self.client = client
        factory = peerConnections
        eventLoop = client.eventLoop
        book = CallBook(device: client.device, options: options)
        (events, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(Self.bufferedEvents))
        // Calls of a life of the application that ended before the server heard of them.
        for id in await client.hand(to: { [weak self] event in self?.assumeIsolated { $0.happened(event) } }) {
            _ = try? await client.enqueue(CallMessage.cancel, in: id)
        }
    }

    deinit {
        continuation.finish()
        for timer in timers.values { timer.cancel() }
        for peer in peers.values { peer.close() }
    }

    // MARK: - The application

    /// Connects, and from then on stays connected. Returns when a server has greeted it for the first time.
    public func connect() async throws(SessionEnd) {
        try await client.connect()
    }

    /// Ends the session. Calls go on without signaling as long as their media are well; hang them up before.
    public func close() async {
        await client.close()
    }

    /// Calls that have not ended.
    public var live: [Call] { book.live.compactMap { calls[$0] } }

    /// Calls of this user that go on on other devices; `takeOver` fetches one.
    public var elsewhere: [CallElsewhere] { book.elsewhere }

    /// Calls a user: all of his devices ring. Returns at once, also without a connection: the invite waits in the outbox.
    public func call(_ callee: UserID, _ media: CallMedia = .audioVideo) -> Call {
        let (handle, machine, outputs) = book.place(callee.text, media)
        return begin(handle, machine, outputs)
    }

    /// Fetches a call from another device of this user. Until media flow here, it goes on there; if that fails, the call
    /// returned ends `connect_failed`, and there nothing has changed.
    public func takeOver(_ id: ConversationID, _ media: CallMedia) throws(CallError) -> Call {
        let (handle, machine, outputs) = try book.takeOver(id, media)
        return begin(handle, machine, outputs)
    }

    /// A push has told of a call.
    ///
    /// - Returns: the call, if it rings here (the event `incoming` tells it too); nil if it is over.
    public func pushReceived(_ id: ConversationID) async -> Call? {
        await client.networkBecameAvailable()
        return await withCheckedContinuation { continuation in
            pushes[id, default: []].append(continuation)
            perform(book.pushReceived(id))
        }
    }

    /// Pushes of which nobody knows yet what has become.
    var waitingPushes: Int { pushes.count }

    /// The network is another, or back: the connection is checked, and media look for a new path.
    public func networkChanged() {
        client.assumeIsolated { $0.networkBecameAvailable() }
        perform(book.networkChanged())
    }

    private func begin(_ handle: CallHandle, _ machine: CallMachine, _ outputs: [CallBook.Output]) -> Call {
        let call = Call(handle, machine, center: self)
        calls[handle] = call
        perform(outputs)
        return call
    }

    // MARK: - What happens

    /// What a user decides; returns when the messages that it leads to are committed.
    func decide(
        _ call: Call, _ input: @Sendable (inout CallBook, CallHandle) throws(CallError) -> [CallBook.Output]
    ) async throws(CallError) {
        let outputs = try input(&book, call.handle)
        let sends = PendingSends()
        perform(outputs, sends)
        do {
            try await sends.settled()
        } catch {
            throw .send(error)
        }
    }

    private func happened(_ event: SessionEvent) {
        perform(book.happened(event))
        switch event {
        case .connecting: tell(.connection(.connecting))
        case .welcomed(let welcome): tell(.connection(.connected(node: welcome.node)))
        case .disconnected(let reason, let wait): tell(.connection(.waiting(reason, retryAfter: wait)))
        case .failed(let error): tell(.problem(error))
        case .ended(let end):
            tell(.connection(.ended(end)))
            continuation.finish()
        default: break
        }
    }

    func answered(_ peer: PeerID, _ answer: PeerAnswer) {
        perform(book.answered(peer, answer))
    }

    func happened(_ peer: PeerID, _ event: PeerConnectionEvent) {
        perform(book.happened(peer, event))
    }

    // MARK: - What is to be done

    private func perform(_ outputs: [CallBook.Output], _ sends: PendingSends? = nil) {
        for output in outputs { perform(output, sends) }
    }

    private func perform(_ output: CallBook.Output, _ sends: PendingSends?) {
        switch output {
        case .send(let message, let id, let handle): send(message, id, handle, sends)
        case .command(let peer, let command): perform(command, of: peer)
        case .notify(let handle, let event): notify(handle, event)
        case .tell(let news): tell(news)
        case .schedule(let timer, let delay): schedule(timer, after: delay)
        case .cancel(let timer): timers.removeValue(forKey: timer)?.cancel()
        case .requestIceServers: client.assumeIsolated { $0.requestICEServers() }
        case .learn(let id): client.assumeIsolated { $0.learn(id) }
        case .settle(let id, let handle):
            let call = handle.flatMap { object($0) }
            for continuation in pushes.removeValue(forKey: id) ?? [] { continuation.resume(returning: call) }
        }
    }

    private func send(_ message: WireMessage, _ id: ConversationID, _ handle: CallHandle, _ sends: PendingSends?) {
        let outcome = sends?.expect()
        let refusal = client.assumeIsolated { client -> SendRefusal? in
            do throws(SendRefusal) {
                try client.enqueue(message, in: id, outcome: outcome)
                return nil
            } catch {
                return error
            }
        }
        guard let refusal else { return }
        outcome?(.failure(.notTaken(refusal)))
        perform(book.notTaken(message, of: handle, refusal))
    }

    private func perform(_ command: PeerCommand, of peer: PeerID) {
        if case .open(let servers, let offers) = command {
            let configuration = PeerConnectionConfiguration(
                call: peer.call.description, session: peer.session, iceServers: servers, offers: offers)
            peers[peer] = PeerRunner(peer, configuration, factory, center: self)
        } else {
            peers[peer]?.perform(command)
            if command == .close { peers[peer] = nil }
        }
    }

    /// The library has made the connection: whoever uses the call may see it.
    func opened(_ peer: PeerID) {
        guard let handle = book.handle(of: peer.call), book.machine(handle)?.negotiation.current?.id == peer else {
            return
        }
        notify(handle, .peerConnectionChanged)
    }

    private func notify(_ handle: CallHandle, _ event: CallEvent) {
        guard let call = calls[handle], let machine = book.machine(handle) else { return }
        let connection = machine.negotiation.current.flatMap { peers[$0.id]?.connection }
        call.happened(event, machine, connection)
        if machine.state.hasEnded { calls[handle] = nil }
    }

    private func tell(_ news: CallBook.News) {
        switch news {
        case .incoming(let handle): if let call = object(handle) { tell(.incoming(call)) }
        case .resumed(let handle): if let call = object(handle) { tell(.resumed(call)) }
        case .busy(let handle): if let call = object(handle) { tell(.busy(call)) }
        case .elsewhere: tell(.elsewhere(book.elsewhere))
        }
    }

    private func tell(_ event: CallCenterEvent) {
        continuation.yield(event)
    }

    private func object(_ handle: CallHandle) -> Call? {
        if let call = calls[handle] { return call }
        guard let machine = book.machine(handle) else { return nil }
        let call = Call(handle, machine, center: self)
        if !machine.state.hasEnded { calls[handle] = call }
        return call
    }

    private func schedule(_ timer: CallBook.Timer, after delay: Duration) {
        timers[timer]?.cancel()
        timers[timer] = eventLoop.scheduleTask(in: TimeAmount(delay)) { [weak self] in
            self?.assumeIsolated { $0.fired(timer) }
        }
    }

    private func fired(_ timer: CallBook.Timer) {
        timers[timer] = nil
        perform(book.timerFired(timer))
    }
}
