import Synchronization

/// Where batches wait for the connection's thread, and what bounds them. Safe from any thread.
final class ConnectionInbox: Sendable {
    /// Who is told the outcome.
    enum Recipient: Sendable {
        case sink(BatchID)
        case reply(@Sendable (BatchOutcome) -> Void)
    }

    struct Submission: Sendable {
        var batch: PostgresBatch
        var session: PostgresSessionID?
        var recipient: Recipient
        var byteCount: Int
    }

    struct Delivery {
        var submissions: [Submission]
        /// No submission follows.
        var isClosing: Bool
    }

    private struct State {
        var submissions: [Submission] = []
        var outstandingBatches = 0
        var outstandingBytes = 0
        var isClosing = false
        var isFinished = false
        var closeWaiters: [CheckedContinuation<Void, Never>] = []
    }

    let wakeup: Wakeup
    private let maximumBatches: Int
    private let maximumBytes: Int
    private let state = Mutex(State())

    init(maximumBatches: Int, maximumBytes: Int) throws(PostgresConnectionError) {
        self.maximumBatches = maximumBatches
        self.maximumBytes = maximumBytes
        wakeup = try Wakeup()
    }

    func submit(
        _ batch: PostgresBatch, for session: PostgresSessionID?, recipient: Recipient
    ) throws(SubmitError) {
        if let problem = batch.problem { throw .invalid(problem) }
        let size = batch.byteCount
        let submission = Submission(batch: batch, session: session, recipient: recipient, byteCount: size)
        let mustWake = try state.withLock { state throws(SubmitError) in
            guard !state.isClosing else { throw SubmitError.closed }
            let fits = state.outstandingBytes + size <= maximumBytes || state.outstandingBatches == 0
            guard state.outstandingBatches < maximumBatches, fits else {
                throw SubmitError.overloaded(batches: state.outstandingBatches, bytes: state.outstandingBytes)
            }
            state.outstandingBatches += 1
            state.outstandingBytes += size
            state.submissions.append(submission)
            return state.submissions.count == 1
        }
        // Whoever put in the first has woken the thread, and it takes all at once.
        if mustWake { wakeup.signal() }
    }

    /// All that has come since the last time. For the connection's thread.
    func take() -> Delivery {
        state.withLock { state in
            defer { state.submissions = [] }
            return Delivery(submissions: state.submissions, isClosing: state.isClosing)
        }
    }

    /// Batches got their outcome. For the connection's thread.
    func settled(byteCount: Int) {
        state.withLock { state in
            state.outstandingBatches -= 1
            state.outstandingBytes -= byteCount
        }
    }

    /// Refuses further batches and asks the thread to end.
    func requestClose() {
        state.withLock { $0.isClosing = true }
        wakeup.signal()
    }

    /// Asks the thread to end, and waits until it has.
    func close() async {
        await withCheckedContinuation { continuation in
            let isFinished = state.withLock { state in
                state.isClosing = true
                if !state.isFinished { state.closeWaiters.append(continuation) }
                return state.isFinished
            }
            if isFinished { continuation.resume() } else { wakeup.signal() }
        }
    }

    /// The thread ends. Called by it.
    func finished() {
        let waiters = state.withLock { state in
            state.isFinished = true
            defer { state.closeWaiters = [] }
            return state.closeWaiters
        }
        for waiter in waiters { waiter.resume() }
    }
}
