import Logging
import PostgresClient
import SwitchboardCore
import Synchronization

/// One connection with its ``LaneStateMachine``.
///
/// Events and results come on the connection's thread. What goes to the connection is handed over under the lock, so that
/// it keeps its order whoever submits; what goes to the core is told without it.
final class PostgresLane: Sendable {
    /// What the owner of the lanes is told, on the connection's thread.
    enum Event: Sendable {
        case connected(PostgresServerInfo)
        case completed(StoreRequestID, StoreResult)
        case lost(reason: String)
        case restored
        /// It can be used; comes for every connection.
        case ready
    }

    private enum Pending {
        case check(PostgresSessionID)
        case job(LaneJob, PostgresSessionID)
        case rejected(StoreRequestID?, reason: String)
        case ignored
    }

    private struct State: ~Copyable {
        var machine: LaneStateMachine
        var connection: PostgresConnection?
        var pending: [BatchID: Pending] = [:]
        var lastBatch: UInt64 = 0
        var lastRefusal: String?
    }

    /// No connection has this number: what is meant for it comes back unexecuted, on the connection's thread.
    private static let noSession = PostgresSessionID(0)

    private let name: String
    private let check: SessionCheck
    private let logger: Logger
    private let events: @Sendable (Event) -> Void
    private let state: Mutex<State>

    /// - Throws: `PostgresConnectionError`.
    init(
        name: String, configuration: PostgresConfiguration, check: SessionCheck, maximumInFlight: Int, logger: Logger,
        events: @escaping @Sendable (Event) -> Void
    ) throws {
        self.name = name
        self.check = check
        self.logger = logger
        self.events = events
        let machine = LaneStateMachine(maximumInFlight: maximumInFlight, maximumWaiting: 4096)
        state = Mutex(State(machine: machine))
        // Under the lock: the connection's thread may have news before we know the connection.
        try state.withLock { state in
            state.connection = try PostgresConnection(configuration) { [weak self] event in self?.received(event) }
        }
    }

    /// Why it cannot be used; nil if it can.
    var problem: String? { state.withLock { $0.machine.problem } }

    func submit(_ job: LaneJob) {
        run { $0.submitted(job, now: .now) }
    }

    /// Another connection has met a primary on this timeline.
    func primaryChanged(timeline: UInt32) {
        run { $0.primaryChanged(timeline: timeline, now: .now) }
    }

    /// Finishes what was sent, rejects the rest.
    func close() async {
        let connection = state.withLock { $0.connection }
        await connection?.close()
    }

    // MARK: - Events of the connection

    private func received(_ event: PostgresEvent) {
        switch event {
        case .connected(let server):
            logger.info("store connected", metadata: ["lane": "\(name)", "server": "\(server.endpoint)"])
            run { $0.connected(server) }
            events(.connected(server))
        case .connectionAttemptFailed(let endpoint, let reason, _):
            logger.warning(
                "cannot connect to the store",
                metadata: ["lane": "\(name)", "server": "\(endpoint)", "reason": "\(reason)"])
            run { machine in
                machine.connectionAttemptFailed(reason)
                return []
            }
        case .disconnected(_, let reason):
            logger.warning("store connection lost", metadata: ["lane": "\(name)", "reason": "\(reason)"])
            run { $0.disconnected(reason) }
        case .completed(let batch, let outcome):
            completed(batch, outcome)
        }
    }

    private func completed(_ batch: BatchID, _ outcome: BatchOutcome) {
        switch state.withLock({ $0.pending.removeValue(forKey: batch) }) {
        case .check(let session)?:
            let refusal = check.refusal(outcome)
            logRefusal(refusal)
            run { $0.checkFinished(session, refusal: refusal, now: .now) }
            if refusal == nil { events(.ready) }
        case .job(var job, let session)?:
            // Decoding happens here, without the lock.
            if let result = job.received(outcome) {
                // The result first: with one job in flight, that keeps the order of results.
                tell(job.id, result)
                run { $0.finished() }
            } else {
                let news = state.withLock { send(job.batch, as: .job(job, session), for: session, in: &$0) }
                for event in news { events(event) }
            }
        case .rejected(let id, let reason)?:
            tell(id, .unavailable(reason: reason))
        case .ignored?, nil: break
        }
    }

    /// Once for each reason, for a refused server is asked again and again.
    private func logRefusal(_ refusal: String?) {
        let isNew = state.withLock { state in
            defer { state.lastRefusal = refusal }
            return state.lastRefusal != refusal
        }
        guard isNew, let refusal else { return }
        logger.error("the store is refused", metadata: ["lane": "\(name)", "reason": "\(refusal)"])
    }

    private func tell(_ id: StoreRequestID?, _ result: StoreResult) {
        if let id { return events(.completed(id, result)) }
        if case .done = result { return }
        logger.warning("store maintenance failed", metadata: ["result": "\(result)"])
    }

    // MARK: - Actions

    private func run(_ input: (inout LaneStateMachine) -> [LaneStateMachine.Action]) {
        let news = state.withLock { state in
            input(&state.machine).flatMap { perform($0, in: &state) }
        }
        for event in news { events(event) }
    }

    /// Does what goes to the connection; returns what goes to the core.
    private func perform(_ action: LaneStateMachine.Action, in state: inout State) -> [Event] {
        switch action {
        case .check(let session): return send(check.batch, as: .check(session), for: session, in: &state)
        case .send(let job, let session): return send(job.batch, as: .job(job, session), for: session, in: &state)
        case .reject(let job, let reason):
            return send(check.batch, as: .rejected(job.id, reason: reason), for: Self.noSession, in: &state)
        case .endSession(let session):
            let batch = PostgresBatch([PostgresStatement(sql: "SELECT pg_terminate_backend(pg_backend_pid())")])
            return send(batch, as: .ignored, for: session, in: &state)
        case .tellLost(let reason): return [.lost(reason: reason)]
        case .tellRestored: return [.restored]
        }
    }

    private func send(
        _ batch: PostgresBatch, as pending: Pending, for session: PostgresSessionID, in state: inout State
    ) -> [Event] {
        state.lastBatch += 1
        let id = BatchID(state.lastBatch)
        do throws(SubmitError) {
            guard let connection = state.connection else { throw .closed }
            try connection.submit(batch, id: id, for: session)
            state.pending[id] = pending
            return []
        } catch {
            return notSent(pending, error, in: &state)
        }
    }

    /// The connection was closed, or has more to do than it may have. Nobody else will say so.
    private func notSent(_ pending: Pending, _ error: SubmitError, in state: inout State) -> [Event] {
        switch pending {
        case .check(let session):
            return state.machine.checkFinished(session, refusal: error.description, now: .now)
                .flatMap { perform($0, in: &state) }
        case .job(let job, _):
            let more = state.machine.finished().flatMap { perform($0, in: &state) }
            return completion(job.id, error.description) + more
        case .rejected(let id, let reason): return completion(id, reason)
        case .ignored: return []
        }
    }

    private func completion(_ id: StoreRequestID?, _ reason: String) -> [Event] {
        id.map { [.completed($0, .unavailable(reason: reason))] } ?? []
    }
}
