import Dispatch
import Synchronization

/// One session from opening its handle to closing it: joins the state machine, the table of requests and the library.
///
/// Threads: callers make requests on any thread; the library calls back on one thread of its own; the suspicion timer and
/// closing run on ``control``. Two locks order them, always taken in this order:
/// - `delivery` is held while one thing that happened is dealt with, the sink's call included. So the sink is never called
///   twice at a time, and hears events in the order in which the state changed.
/// - `state` is held for short. Requests take only this one, so the sink may make requests.
final class Session: Sendable {
    /// Who gets the answer to a request.
    enum Recipient {
        case sink(ZooKeeperRequestID)
        case task(CheckedContinuation<Result<ZooKeeperResponse, ZooKeeperError>, Never>)
    }

    struct State {
        var machine = SessionStateMachine()
        var pending: PendingRequests<Recipient>
        /// Memory that C writes to, by the serial number of the request.
        var multiResults: [UInt64: MultiResults] = [:]
        /// `nil` before opening, and once closing has begun.
        var handle: LibraryHandle?
        /// Called after the last event; `nil` once that has been told.
        var closeWaiters: [@Sendable () -> Void]? = []
    }

    let number: SessionNumber
    let configuration: ZooKeeperConfiguration
    let state: Mutex<State>
    private let delivery = Mutex(())
    private let sink: @Sendable (ZooKeeperEvent) -> Void
    /// A queue of its own, for closing blocks.
    private let control = DispatchQueue(label: "zookeeper-session-control")

    init(
        number: SessionNumber, configuration: ZooKeeperConfiguration,
        sink: @escaping @Sendable (ZooKeeperEvent) -> Void
    ) {
        self.number = number
        self.configuration = configuration
        self.sink = sink
        state = Mutex(State(pending: PendingRequests(limit: configuration.maximumRequestsInFlight)))
    }

    /// Opens the handle. Events may come before this returns.
    func open() throws(ZooKeeperError) {
        let handle: LibraryHandle
        do {
            handle = try LibraryHandle.open(configuration, session: number)
        } catch {
            SessionRegistry.unregister(self)
            throw error
        }
        let ended = state.withLock { state in
            state.handle = handle
            return state.machine.hasEnded
        }
        if ended { closeHandle() }
    }

    /// Begins to close, if nothing else has; calls `waiter` after the last event.
    func close(_ waiter: @escaping @Sendable () -> Void) {
        let (actions, isOver) = state.withLock { state in
            state.closeWaiters?.append(waiter)
            return (state.machine.closeRequested(), state.closeWaiters == nil)
        }
        if isOver { waiter() }
        // Closing emits nothing by itself, so this needs no delivery lock, and the sink may ask for it.
        if actions.contains(.closeHandle) { closeHandle() }
    }

    // MARK: What the library tells

    func connected(_ id: ZooKeeperSessionID, timeout: Duration) {
        advance { $0.connected(id, timeout: timeout) }
    }

    func connectionLost() {
        advance { $0.connectionLost(now: .now) }
    }

    func expired() {
        advance { $0.expired() }
    }

    func authenticationFailed() {
        advance { $0.authenticationFailed() }
    }

    func childrenChanged(_ path: String) {
        delivery.withLock { _ in sink(.childrenChanged(path: path)) }
    }

    func answered(_ serial: UInt64, _ result: Result<ZooKeeperResponse, ZooKeeperError>) {
        delivery.withLock { _ in
            let recipient = state.withLock { $0.pending.remove(serial) }
            if let recipient { answer(recipient, result) }
        }
    }

    func multiAnswered(_ serial: UInt64, code: Int32) {
        let results = state.withLock { $0.multiResults.removeValue(forKey: serial) }
        if let results { answered(serial, results.outcome(code: code)) }
    }

    // MARK: What follows from it

    /// Lets the machine take one input and does what it asks for, before anything else is delivered.
    private func advance(_ input: (inout SessionStateMachine) -> [SessionStateMachine.Action]) {
        delivery.withLock { _ in
            for action in state.withLock({ input(&$0.machine) }) {
                switch action {
                case .emit(let event): sink(.session(event))
                case .armSuspicionTimer(let delay): armSuspicionTimer(delay)
                case .failPending(let error): failPending(error)
                case .closeHandle: closeHandle()
                }
            }
        }
    }

    private func answer(_ recipient: Recipient, _ result: Result<ZooKeeperResponse, ZooKeeperError>) {
        switch recipient {
        case .sink(let id): sink(.completed(id, result))
        case .task(let continuation): continuation.resume(returning: result)
        }
    }

    private func failPending(_ error: ZooKeeperError) {
        for recipient in state.withLock({ $0.pending.removeAll() }) { answer(recipient, .failure(error)) }
    }

    /// Dispatch's clock is monotonic but stands still while the machine sleeps; the machine is asked with one that does not.
    private func armSuspicionTimer(_ delay: Duration) {
        let deadline = DispatchTime.now() + .milliseconds(Int(delay.clampedMilliseconds))
        control.asyncAfter(deadline: deadline) { [weak self] in
            self?.advance { $0.suspicionTimerFired(now: .now) }
        }
    }

    /// Takes the handle away, so that no request can use it any more, and closes it on a thread that may block.
    private func closeHandle() {
        guard let handle = state.withLock({ $0.handle.take() }) else { return }
        control.async { [self] in
            handle.close()
            SessionRegistry.unregister(self)
            state.withLock { $0.multiResults = [:] }
            advance { $0.handleClosed() }
            for waiter in state.withLock({ $0.closeWaiters.take() }) ?? [] { waiter() }
        }
    }
}
