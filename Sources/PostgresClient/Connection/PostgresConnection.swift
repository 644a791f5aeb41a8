import Foundation

/// A connection to PostgreSQL that keeps itself up, and executes batches of statements in their order, pipelined.
///
/// ```swift
/// let connection = try PostgresConnection(configuration) { event in
///     switch event {
///     case .completed(let id, let outcome): …
///     case .connected, .disconnected, .connectionAttemptFailed: …
///     }
/// }
/// try connection.submit(.transaction([append], then: [read]), id: BatchID(7))
/// ```
///
/// One thread of its own owns the connection: it waits for the socket and for submissions, and calls the sink. Duties of
/// the sink: it must not block, for nothing is sent or received meanwhile. It may submit.
///
/// What is promised:
/// - Every batch that ``submit(_:id:for:)`` accepted gets exactly one outcome; if there is a connection, at the latest
///   when `answerTimeLimit` has passed since it was handed over, else `queueTimeLimit` after its submission.
/// - Batches are executed in the order of submission, and outcomes of executed ones come in this order.
/// - ``PostgresEvent/disconnected(_:reason:)`` comes before the outcomes of what was lost with the connection, and
///   nothing that was submitted before a loss is sent after it.
///   To keep that up for what another thread submits before it has learned of the loss, name the session:
///   such a batch is executed on that very connection or not at all.
/// - Nothing is ever cancelled: a COMMIT whose answer is missing may still happen.
public final class PostgresConnection: Sendable {
    private let inbox: ConnectionInbox

    /// Starts to connect.
    ///
    /// - Parameter sink: Told what happens, in order, on the connection's thread.
    /// - Throws: ``PostgresConnectionError``.
    public init(
        _ configuration: PostgresConfiguration, sink: @escaping @Sendable (PostgresEvent) -> Void = { _ in }
    ) throws(PostgresConnectionError) {
        let inbox = try ConnectionInbox(
            maximumBatches: configuration.maximumOutstandingBatches,
            maximumBytes: configuration.maximumOutstandingBytes)
        self.inbox = inbox
        let thread = Thread {
            ConnectionDriver(configuration: configuration, inbox: inbox, sink: sink).run()
        }
        thread.name = "postgres"
        thread.start()
    }

    /// Ends the thread some time later, as ``close()`` does.
    deinit { inbox.requestClose() }

    /// Hands in a batch. Returns at once; from any thread.
    ///
    /// - Parameters:
    ///   - id: Told with the outcome.
    ///   - session: The only connection to execute it on; nil: any.
    /// - Throws: ``SubmitError``; then there is no outcome.
    public func submit(
        _ batch: PostgresBatch, id: BatchID, for session: PostgresSessionID? = nil
    ) throws(SubmitError) {
        try inbox.submit(batch, for: session, recipient: .sink(id))
    }

    /// Finishes what was handed over, refuses the rest (``NotExecutedReason/closed``), closes the connection and ends its
    /// thread. The sink is not called after it returned.
    public func close() async {
        await inbox.close()
    }

    /// Executes a batch and waits for its outcome; for tools, migrations and tests. The sink does not hear of it.
    ///
    /// A cancelled task waits all the same, for a batch cannot be called back.
    ///
    /// - Throws: ``SubmitError``.
    public func execute(
        _ batch: PostgresBatch, for session: PostgresSessionID? = nil
    ) async throws(SubmitError) -> BatchOutcome {
        let result: Result<BatchOutcome, SubmitError> = await withCheckedContinuation { continuation in
            do throws(SubmitError) {
                try inbox.submit(
                    batch, for: session, recipient: .reply { continuation.resume(returning: .success($0)) })
            } catch {
                continuation.resume(returning: .failure(error))
            }
        }
        return try result.get()
    }

    /// Executes one statement and waits for its rows; for tools, migrations and tests.
    ///
    /// - Parameters:
    ///   - sql: One command.
    ///   - parameters: `$1`, `$2`, …
    ///   - timeLimit: How long the server may take; nil: as configured.
    /// - Throws: ``QueryError``.
    @discardableResult
    public func query(
        _ sql: String, _ parameters: PostgresParameters = PostgresParameters(), timeLimit: Duration? = nil
    ) async throws(QueryError) -> PostgresRows {
        let batch = PostgresBatch([PostgresStatement(sql: sql, parameters)], answerTimeLimit: timeLimit)
        let outcome: BatchOutcome
        do throws(SubmitError) {
            outcome = try await execute(batch)
        } catch {
            throw .notSubmitted(error)
        }
        switch outcome {
        case .succeeded(let report) where report.isReplicationUncertain: throw .replicationUncertain
        case .succeeded(let report): return report.rows(0)
        case .failed(let failure): throw .failed(failure)
        case .unknown(let reason): throw .unknown(reason)
        case .notExecuted(let reason): throw .notExecuted(reason)
        }
    }
}
