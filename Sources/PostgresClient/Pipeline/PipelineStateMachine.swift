import DequeModule

/// Decides what goes to the server and what its answers mean. No input or output, no clock, no C: what happened goes in,
/// what to do comes out.
///
/// Batches leave in the order of their submission, several at a time, each closed by a synchronisation point. Three things
/// interrupt the flow:
///
/// - **A statement that the session has not parsed yet.** It is parsed first, behind what is in flight, and its batch
///   waits for the answer: so an error in parsing leaves the batch provably unexecuted.
/// - **A batch that failed within an explicit transaction.** The server keeps the failed transaction open and refuses all
///   that is in flight behind it (SQLSTATE 25P02). The machine ends the transaction and sends the refused batches again, in
///   their order. Their owners notice nothing.
/// - **A lost connection.** What was handed over is unknown, unless the server had reported an error; what waited is not
///   executed. Nothing submitted before a loss is sent after it.
///
/// Wrong input comes in three kinds: an answer that cannot belong to what was sent (the connection is dropped), a batch
/// that cannot be sent (its outcome says so), and news of no interest (ignored).
struct PipelineStateMachine {
    typealias Instant = ContinuousClock.Instant

    struct Limits: Equatable {
        /// Batches handed over and not yet answered.
        var maximumInFlight = 32
        /// Different prepared statements.
        var maximumPreparedStatements = 256
        /// How long an answer may take, from handing over.
        var answerTimeLimit: Duration = .seconds(5)
        /// How long a batch may wait for a connection.
        var queueTimeLimit: Duration = .seconds(5)
    }

    /// A failed transaction that the session is in.
    private enum Recovery {
        case unneeded
        case needed
        case rollbackSent
    }

    private let limits: Limits
    private var queue = Deque<QueuedBatch>()
    private var inFlight = Deque<PipelineUnit>()
    /// Refused by the server because of an earlier failure; to be sent again.
    private var refused: [QueuedBatch] = []
    private var session: PostgresSessionID?
    private var prepared: PreparedStatementCache
    private var preparationsInFlight = 0
    /// The batch at the head of the queue needs a statement that cannot be parsed.
    private var failedPreparation: (statement: String, error: PostgresError)?
    private var recovery = Recovery.unneeded
    private var isClosing = false
    private var lastError: String?

    init(limits: Limits = Limits()) {
        self.limits = limits
        prepared = PreparedStatementCache(limit: limits.maximumPreparedStatements)
    }

    /// Whether the server owes an answer.
    var isAwaitingAnswer: Bool { !inFlight.isEmpty }

    // MARK: - Batches in

    enum SubmitAction: Equatable {
        case none
        case complete(BatchCompletion)
    }

    /// The owner submitted a batch, for a certain connection or for any.
    mutating func batchSubmitted(
        _ batch: PostgresBatch, ticket: BatchTicket, for session: PostgresSessionID? = nil, now: Instant
    ) -> SubmitAction {
        if isClosing { return .complete(BatchCompletion(ticket: ticket, outcome: .notExecuted(.closed))) }
        if let session, self.session == nil {
            // That connection has ended, so there is no point in waiting for the next.
            return .complete(BatchCompletion(ticket: ticket, outcome: .notExecuted(.sessionEnded(session))))
        }
        queue.append(QueuedBatch(ticket: ticket, batch: batch, session: session, submittedAt: now))
        return .none
    }

    enum SendAction: Equatable {
        /// Nothing to send until something happens.
        case wait
        /// Hand these to libpq, then ask again.
        case send([PipelineCommand])
        /// A batch that cannot be sent; then ask again.
        case complete(BatchCompletion)
    }

    /// There is room for more on its way to the server.
    mutating func readyToSend(now: Instant) -> SendAction {
        guard let session, !isClosing else { return .wait }
        switch recovery {
        case .needed:
            recovery = .rollbackSent
            inFlight.append(PipelineUnit(.rollback, now: now, timeLimit: limits.answerTimeLimit))
            return .send([.execute(PostgresStatement(sql: "ROLLBACK"), name: nil), .sync])
        case .rollbackSent: return .wait
        case .unneeded: break
        }
        guard preparationsInFlight == 0, inFlight.count < limits.maximumInFlight, let head = queue.first else {
            return .wait
        }
        if let wanted = head.session, wanted != session {
            return completeHead(.notExecuted(.sessionEnded(wanted)))
        }
        if let failed = failedPreparation { return completeHead(afterFailedPreparation: failed) }
        return send(head, now: now)
    }

    private mutating func send(_ head: QueuedBatch, now: Instant) -> SendAction {
        var commands: [PipelineCommand] = []
        var preparations: [PipelineCommand] = []
        var seen: Set<String> = []
        for statement in head.batch.statements {
            guard let wanted = statement.prepared else {
                commands.append(.execute(statement, name: nil))
                continue
            }
            let types = statement.parameters.types
            switch prepared.lookup(wanted, types: types) {
            case .ready(let name): commands.append(.execute(statement, name: name))
            case .refused(let problem): return completeHead(.notExecuted(.invalid(problem)))
            case .unprepared:
                guard seen.insert(wanted.name).inserted else { continue }
                let name = prepared.makeSessionName()
                preparations += [.prepare(name: name, sql: wanted.sql, types: types), .sync]
                let content = PipelineUnit.Content.prepare(statement: wanted.name, sessionName: name)
                inFlight.append(PipelineUnit(content, now: now, timeLimit: limits.answerTimeLimit))
                preparationsInFlight += 1
            }
        }
        if !preparations.isEmpty { return .send(preparations) }
        let limit = head.batch.answerTimeLimit ?? limits.answerTimeLimit
        inFlight.append(PipelineUnit(.batch(queue.removeFirst()), now: now, timeLimit: limit))
        return .send(commands + [.sync])
    }

    private mutating func completeHead(_ outcome: BatchOutcome) -> SendAction {
        .complete(BatchCompletion(ticket: queue.removeFirst().ticket, outcome: outcome))
    }

    private mutating func completeHead(
        afterFailedPreparation failed: (statement: String, error: PostgresError)
    ) -> SendAction {
        failedPreparation = nil
        guard let statements = queue.first?.batch.statements else { return .wait }
        let index = statements.firstIndex { $0.prepared?.name == failed.statement }
        let results = statements.indices.map { $0 == index ? StatementResult.error(failed.error) : .skipped }
        let failure = BatchFailure(
            error: failed.error, failedStatement: index, settledCount: 0, report: BatchReport(results: results))
        return completeHead(.failed(failure))
    }

    // MARK: - Answers in

    enum ReceiveAction: Equatable {
        case none
        /// A batch has its outcome.
        case complete(BatchCompletion)
        /// Close the connection, then tell of it by ``connectionLost(_:)``.
        case dropConnection(String)
    }

    /// The server warned of something.
    mutating func noticeReceived(_ notice: PostgresNotice) {
        guard notice.isWarning, !inFlight.isEmpty else { return }
        inFlight[inFlight.startIndex].noticeReceived(notice)
    }

    /// The server answered a command.
    mutating func answerReceived(_ answer: ServerAnswer) -> ReceiveAction {
        guard !inFlight.isEmpty else { return .dropConnection("the server answers what was not asked") }
        if case .error(let error) = answer, error.endsConnection { return .dropConnection(error.description) }
        let head = inFlight.startIndex
        let index = inFlight[head].results.count
        if case .success(let output) = answer, output.tag == "ROLLBACK",
            let statements = inFlight[head].batch?.batch.statements, index < statements.count,
            statements[index].control == .commit
        {
            // Cannot be, for a failed transaction is left before anything else is sent. If it is all the same, what was
            // believed of this session is wrong.
            return .dropConnection("a COMMIT was answered with ROLLBACK")
        }
        guard inFlight[head].answerReceived(answer) else {
            return .dropConnection("the server answers more than was asked")
        }
        return .none
    }

    /// The server reached a synchronisation point.
    mutating func pipelineSyncReceived(_ status: TransactionStatus) -> ReceiveAction {
        guard !inFlight.isEmpty else { return .dropConnection("a synchronisation point that was not asked for") }
        let unit = inFlight.removeFirst()
        guard unit.isComplete || unit.error != nil, status != .inTransaction else {
            // Back to where connectionLost finds it.
            inFlight.prepend(unit)
            let problem = unit.isComplete ? "a batch left its transaction open" : "an answer is missing"
            return .dropConnection(problem)
        }
        switch unit.content {
        case .prepare(let statement, let sessionName):
            preparationsInFlight -= 1
            preparationFinished(statement, as: sessionName, error: unit.error)
            return .none
        case .rollback:
            guard status == .idle else { return .dropConnection("a failed transaction does not end") }
            recovery = .unneeded
            queue.prepend(contentsOf: refused)
            refused = []
            return .none
        case .batch(let batch):
            return batchFinished(batch, unit: unit, status: status)
        }
    }

    private mutating func preparationFinished(_ statement: String, as sessionName: String, error: PostgresError?) {
        guard let error else { return prepared.prepared(statement, as: sessionName) }
        // Refused because of an earlier batch's failed transaction: it is tried again.
        if recovery != .unneeded, error.sqlState == .inFailedTransaction { return }
        failedPreparation = failedPreparation ?? (statement, error)
    }

    private mutating func batchFinished(
        _ batch: QueuedBatch, unit: PipelineUnit, status: TransactionStatus
    ) -> ReceiveAction {
        guard let failure = unit.failure else {
            guard status != .inFailedTransaction else {
                inFlight.prepend(unit)
                return .dropConnection("a transaction failed without an error")
            }
            let report = BatchReport(results: unit.results, warnings: unit.warnings)
            return .complete(BatchCompletion(ticket: batch.ticket, outcome: .succeeded(report)))
        }
        if recovery != .unneeded, failure.failedStatement == 0, failure.error.sqlState == .inFailedTransaction {
            // Its first statement stands outside of any transaction of its own.
            refused.append(batch)
            return .none
        }
        if recovery == .unneeded, unit.mayLeaveFailedTransaction, status != .idle { recovery = .needed }
        forgetStatement(of: failure, in: batch.batch)
        return .complete(BatchCompletion(ticket: batch.ticket, outcome: .failed(failure)))
    }

    /// A statement that was dropped on the server, or whose plan does not fit a changed table, is parsed anew next time.
    private mutating func forgetStatement(of failure: BatchFailure, in batch: PostgresBatch) {
        guard failure.error.sqlState == .invalidStatementName || failure.error.sqlState == .featureNotSupported,
            let index = failure.failedStatement, let name = batch.statements[index].prepared?.name
        else { return }
        prepared.forget(name)
    }

    // MARK: - Connections

    /// A connection stands and nothing was sent on it.
    mutating func connected(_ session: PostgresSessionID) {
        precondition(self.session == nil && inFlight.isEmpty, "one connection at a time")
        self.session = session
        lastError = nil
    }

    /// An attempt to connect failed. Kept for what is told to batches that wait in vain.
    mutating func connectionAttemptFailed(_ reason: String) { lastError = reason }

    /// The connection broke or was given up. Returns the outcomes of all batches that were submitted before, in their
    /// order.
    mutating func connectionLost(_ reason: UnknownReason) -> [BatchCompletion] {
        let notExecuted = NotExecutedReason.connectionLost(reason.description)
        var completions = refused.map { BatchCompletion(ticket: $0.ticket, outcome: .notExecuted(notExecuted)) }
        for unit in inFlight {
            guard let batch = unit.batch else { continue }
            let outcome = unit.failure.map { BatchOutcome.failed($0) } ?? .unknown(reason)
            completions.append(BatchCompletion(ticket: batch.ticket, outcome: outcome))
        }
        completions += queue.map { BatchCompletion(ticket: $0.ticket, outcome: .notExecuted(notExecuted)) }
        queue.removeAll()
        inFlight.removeAll()
        refused.removeAll()
        prepared.forgetAll()
        preparationsInFlight = 0
        failedPreparation = nil
        recovery = .unneeded
        session = nil
        return completions
    }

    // MARK: - Time

    enum TimeAction: Equatable {
        case none
        /// These waited too long for a connection.
        case complete([BatchCompletion])
        /// Close the connection, then tell of it by ``connectionLost(_:)``.
        case dropConnection(UnknownReason)
    }

    /// When ``timeElapsed(now:)`` has something to do, unless something happens before.
    var nextDeadline: Instant? {
        if session != nil { return inFlight.lazy.map(\.deadline).min() }
        return queue.first.map { $0.submittedAt.advanced(by: limits.queueTimeLimit) }
    }

    /// Time has passed.
    mutating func timeElapsed(now: Instant) -> TimeAction {
        if session != nil {
            guard let late = inFlight.first(where: { $0.deadline <= now }) else { return .none }
            return .dropConnection(.noAnswer(within: late.timeLimit))
        }
        var completions: [BatchCompletion] = []
        while let head = queue.first, head.submittedAt.advanced(by: limits.queueTimeLimit) <= now {
            queue.removeFirst()
            let reason = NotExecutedReason.notConnected(after: limits.queueTimeLimit, lastError: lastError)
            completions.append(BatchCompletion(ticket: head.ticket, outcome: .notExecuted(reason)))
        }
        return completions.isEmpty ? .none : .complete(completions)
    }

    // MARK: - Closing

    enum CloseAction: Equatable {
        case wait
        /// Nothing is in flight; close the connection.
        case finished([BatchCompletion])
    }

    /// The owner wants to end: what is in flight is finished, what waits is not executed.
    mutating func closeRequested() { isClosing = true }

    /// Whether closing has come to its end.
    mutating func closeProgress() -> CloseAction {
        guard isClosing, inFlight.isEmpty else { return .wait }
        let waiting = refused + queue
        refused = []
        queue.removeAll()
        return .finished(waiting.map { BatchCompletion(ticket: $0.ticket, outcome: .notExecuted(.closed)) })
    }
}
