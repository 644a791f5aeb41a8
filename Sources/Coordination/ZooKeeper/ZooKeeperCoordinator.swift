import Dispatch
import Logging
public import SwitchboardCore
import Synchronization
import ZooKeeperClient

/// The coordinator of a cluster: elections and membership by a ZooKeeper ensemble.
///
/// It registers the node with one ephemeral of the session, for a session that ends with very many of them brings an
/// ensemble down. It never gives up: a lost connection, an expired session, a wiped ensemble lead to a new attempt, and the
/// same incarnation is registered again with its markers.
///
/// **Threads.** All happens on one serial queue: what is submitted, what the client tells and what timers bring is handed to it,
/// the state machine says what to do, and it is done before the next. So events come in one order and never from within
/// ``submit(_:id:)``.
///
/// **Availability.** Elections can be held from the first `.availability(true)` on, which follows the first `.membersChanged`.
/// Commands that come while there is no connection are `.unavailable` at once, also when it is lost for so short a time that
/// `.availability(false)` is not told. A marker is remembered even then, and set with the next registration.
///
/// **After a lost session** members that are missing since are told for a settling time longer, lest all nodes take each other
/// for dead when they have lost their sessions together.
public final class ZooKeeperCoordinator: Coordinator {
    private struct State {
        var machine: CoordinatorStateMachine
        /// Counts the clients, to tell the events of an earlier one.
        var generation: UInt64 = 0
        var client: ZooKeeperClient?
        /// Events of a client that came before the client itself: there are no requests yet, so they are few.
        var earlyEvents: [ZooKeeperEvent] = []
        /// `nil` once closed.
        var closeWaiters: [CheckedContinuation<Void, Never>]? = []
    }

    private let configuration: ZooKeeperCoordinatorConfiguration
    private let events: CoordinatorEventHandler
    /// Taken on `queue` only, and so never contended.
    private let state: Mutex<State>
    private let queue = DispatchQueue(label: "switchboard.coordinator")
    /// Making a client resolves names and blocks meanwhile.
    private let opener = DispatchQueue(label: "switchboard.coordinator.opener")

    /// Begins to connect and to register the node.
    ///
    /// - Parameters:
    ///   - configuration: Where the ensemble is, which node this is, and the bounds.
    ///   - events: Hears everything in one order.
    /// - Throws: ``CoordinationError`` if the configuration cannot work. Servers that do not answer are no error.
    public init(
        _ configuration: ZooKeeperCoordinatorConfiguration, events: @escaping CoordinatorEventHandler
    ) throws(CoordinationError) {
        self.configuration = configuration
        self.events = events
        state = Mutex(State(machine: try CoordinatorStateMachine(configuration)))
        queue.async { [weak self] in self?.advance { $0.started() } }
    }

    public func submit(_ command: CoordinatorCommand, id: CoordinatorRequestID) {
        queue.async { [self] in advance { $0.submitted(command, id: id) } }
    }

    /// Leaves: ends the session, so that the node and its markers vanish at once. Returns when all events have been told; what
    /// is submitted later is `.unavailable`. It can take some seconds if no server answers. Closing again waits for the same end.
    public func close() async {
        await withCheckedContinuation { continuation in
            queue.async { [self] in
                let isClosed = state.withLock { state in
                    state.closeWaiters?.append(continuation)
                    return state.closeWaiters == nil
                }
                if isClosed { continuation.resume() }
                advance { $0.closeRequested() }
            }
        }
    }

    // MARK: On the queue

    private func advance(_ input: (inout CoordinatorStateMachine) -> [CoordinatorStateMachine.Action]) {
        for action in state.withLock({ input(&$0.machine) }) { perform(action) }
    }

    private func perform(_ action: CoordinatorStateMachine.Action) {
        switch action {
        case .openClient: openClient()
        case .dropClient: dropClient()
        case .closeClient: closeClient()
        case .request(let request, let id): ask(request, id)
        case .startTimer(let timer, let delay):
            queue.asyncAfter(deadline: .now() + delay.timeInterval) { [weak self] in
                self?.advance { $0.timerFired(timer) }
            }
        case .emit(let event): events(event)
        case .log(let level, let message): configuration.logger.log(level: level, "\(message)")
        case .finish:
            for waiter in state.withLock({ $0.closeWaiters.take() }) ?? [] { waiter.resume() }
        }
    }

    private func ask(_ request: ZooKeeperRequest, _ id: ZooKeeperRequestID) {
        do throws(ZooKeeperError) {
            guard let client = state.withLock({ $0.client }) else { throw .notConnected }
            try client.submit(request, id: id)
        } catch {
            advance { $0.answered(id, .failure(error)) }
        }
    }

    private func openClient() {
        let generation = state.withLock { state in
            state.generation += 1
            state.earlyEvents = []
            return state.generation
        }
        let configuration = ZooKeeperConfiguration(
            hosts: configuration.hosts, sessionTimeout: configuration.sessionTimeout,
            logger: configuration.logger)
        opener.async { [weak self] in
            let opened: Result<ZooKeeperClient, ZooKeeperError>
            do throws(ZooKeeperError) {
                opened = .success(
                    try ZooKeeperClient(configuration) { [weak self] event in
                        self?.queue.async { [weak self] in self?.clientTold(event, generation) }
                    })
            } catch {
                opened = .failure(error)
            }
            self?.queue.async { [weak self] in self?.openingEnded(opened) }
        }
    }

    private func openingEnded(_ opened: Result<ZooKeeperClient, ZooKeeperError>) {
        switch opened {
        case .success(let client):
            let early = state.withLock { state in
                state.client = client
                return state.earlyEvents
            }
            advance { $0.clientOpened() }
            for event in early { advance { $0.happened(event) } }
        case .failure(let error):
            advance { $0.openingFailed(error) }
        }
    }

    private func clientTold(_ event: ZooKeeperEvent, _ generation: UInt64) {
        let isForNow = state.withLock { state in
            guard generation == state.generation else { return false }
            if state.client == nil { state.earlyEvents.append(event) }
            return state.client != nil
        }
        if isForNow { advance { $0.happened(event) } }
    }

    /// What the client still tells is nobody's business any more.
    private func dropClient() {
        _ = state.withLock { state in
            state.generation += 1
            return state.client.take()
        }
    }

    private func closeClient() {
        guard let client = state.withLock({ $0.client.take() }) else { return advance { $0.clientClosed() } }
        Task { [self] in
            await client.close()
            queue.async { [self] in advance { $0.clientClosed() } }
        }
    }
}

extension Duration {
    /// Whole and fractional seconds, as Dispatch takes them.
    fileprivate var timeInterval: Double { self / .seconds(1) }
}
