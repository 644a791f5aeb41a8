/// What was handed over up to one synchronisation point, and what has been answered so far.
struct PipelineUnit {
    enum Content {
        /// A batch of the owner's.
        case batch(QueuedBatch)
        /// Parses a statement, ahead of the batch that needs it.
        case prepare(statement: String, sessionName: String)
        /// Ends a transaction that has failed.
        case rollback
    }

    /// As the protocol is bounded by the owner's batches, so is what the server may add to them.
    static let maximumWarnings = 32

    var content: Content
    /// When the answer must be complete, and how long that was from handing over.
    var deadline: ContinuousClock.Instant
    var timeLimit: Duration
    private(set) var results: [StatementResult] = []
    private(set) var warnings: [PostgresNotice] = []
    private(set) var error: PostgresError?
    private(set) var failedStatement: Int?
    /// How many of the first statements no later error can undo.
    private(set) var settledCount = 0

    init(_ content: Content, now: ContinuousClock.Instant, timeLimit: Duration) {
        self.content = content
        self.timeLimit = timeLimit
        deadline = now.advanced(by: timeLimit)
    }

    var batch: QueuedBatch? {
        if case .batch(let batch) = content { batch } else { nil }
    }

    var expectedResults: Int { batch?.batch.statements.count ?? 1 }
    var isComplete: Bool { results.count == expectedResults }

    mutating func noticeReceived(_ notice: PostgresNotice) {
        if warnings.count < Self.maximumWarnings { warnings.append(notice) }
    }

    /// Notes an answer. False if there is no statement left that it could belong to.
    mutating func answerReceived(_ answer: ServerAnswer) -> Bool {
        let index = results.count
        if case .error(let error) = answer, self.error == nil {
            self.error = error
            failedStatement = isComplete ? nil : index
            // An error behind the last statement is one of the commit at the synchronisation point.
            if isComplete { return true }
        }
        guard !isComplete else { return false }
        switch answer {
        case .success(let output):
            results.append(.success(output))
            switch batch?.batch.statements[index].control {
            case .commit, .rollback: settledCount = index + 1
            default: break
            }
        case .error(let error): results.append(.error(error))
        case .skipped: results.append(.skipped)
        }
        return true
    }

    /// Whether an error may have left the session in a failed transaction: if a statement failed behind a `BEGIN`. The
    /// `COMMIT` counts, for it depends on how it failed; ending a transaction that has ended does no harm.
    var mayLeaveFailedTransaction: Bool {
        guard let failedStatement, let statements = batch?.batch.statements else { return false }
        return statements[settledCount..<failedStatement].contains { $0.control == .begin }
    }

    /// What is known of a batch once an error was reported. Complete even if the rest of the answers never comes: after
    /// an error the server skips all up to the synchronisation point.
    var failure: BatchFailure? {
        guard let error else { return nil }
        let missing = Array(repeating: StatementResult.skipped, count: expectedResults - results.count)
        return BatchFailure(
            error: error, failedStatement: failedStatement, settledCount: settledCount,
            report: BatchReport(results: results + missing, warnings: warnings))
    }
}

/// A batch as the machine keeps it.
struct QueuedBatch {
    var ticket: BatchTicket
    var batch: PostgresBatch
    /// The connection that it is meant for; nil: any.
    var session: PostgresSessionID?
    var submittedAt: ContinuousClock.Instant
}
