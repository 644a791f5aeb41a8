public import Logging
import PostgresClient
public import SwitchboardCore
public import SwitchboardProtocol

/// The push outbox of a cluster, in the database of its ``PostgresConversationStore``, on a connection of its own.
///
/// The connection keeps itself up; without one for some seconds everything is `.unavailable`. Endpoints are on the disk and
/// at the standby when their registration returns. Claims and settlements are not awaited at the standby: if it takes over
/// without them, a push is sent once more.
public final class PostgresPushOutbox: PushOutbox {
    private let connection: PostgresConnection

    /// Starts to connect.
    ///
    /// - Parameter options: Those of the node's store.
    /// - Throws: ``PostgresStoreError``.
    public init(_ options: PostgresStoreOptions, logger: Logger) throws(PostgresStoreError) {
        try PostgresStoreError.checkSchemaName(options.schema)
        let watermark = PrimaryWatermark()
        do {
            var configuration = try PostgresConfiguration(options.connectionString)
            LaneRole.push.configure(&configuration, options)
            configuration.refusalReason = { watermark.refusal(of: $0)?.description }
            connection = try PostgresConnection(configuration) { event in Self.log(event, logger) }
        } catch let error as ConnectionStringError {
            throw .connectionString(error.description)
        } catch {
            throw .resources("\(error)")
        }
    }

    /// Waits for what was sent, ends the connection. Everything is `.unavailable` afterwards.
    public func close() async {
        await connection.close()
    }

    private static func log(_ event: PostgresEvent, _ logger: Logger) {
        switch event {
        case .connectionAttemptFailed(let endpoint, let reason, _):
            logger.warning(
                "cannot connect to the store",
                metadata: ["lane": "push", "server": "\(endpoint)", "reason": "\(reason)"])
        case .disconnected(_, let reason):
            logger.warning("store connection lost", metadata: ["lane": "push", "reason": "\(reason)"])
        case .connected(let server):
            logger.info("store connected", metadata: ["lane": "push", "server": "\(server.endpoint)"])
        case .completed: break
        }
    }

    // MARK: - Endpoints

    public func register(_ endpoint: PushEndpoint, maximumPerUser: Int) async throws(PushOutboxError) {
        let report = try await run(.transaction(PostgresStatement.register(endpoint, maximumPerUser: maximumPerUser)))
        let insert = PostgresBatch.resultIndex(inTransaction: PostgresStatement.registerCount - 1)
        guard !report.rows(insert).isEmpty else { throw .tooManyEndpoints(maximumPerUser) }
    }

    @discardableResult
    public func remove(_ id: PushEndpointID, of user: UserID) async throws(PushOutboxError) -> Bool {
        let remove = PreparedStatement.removeEndpoint.bind(id.text, user.text)
        let report = try await run(.transaction([.waitForStandby, remove]))
        return !report.rows(PostgresBatch.resultIndex(inTransaction: 1)).isEmpty
    }

    public func endpoints(of user: UserID) async throws(PushOutboxError) -> [PushEndpoint] {
        let report = try await run(PostgresBatch([PreparedStatement.endpoints.bind(user.text)]))
        return try decode { () throws(PostgresDecodingError) in try report.rows(0).decodeEndpoints(of: user) }
    }

    // MARK: - The dispatcher's part

    public func claim(
        limit: Int, lease: Duration, by node: Incarnation
    ) async throws(PushOutboxError) -> [ClaimedPush] {
        let report = try await run(PostgresBatch([.claim(limit: limit, lease: lease, by: node)]))
        return try decode { () throws(PostgresDecodingError) in try report.rows(0).decodeClaims() }
    }

    public func settle(_ settlements: [PushSettlement], by node: Incarnation) async throws(PushOutboxError) {
        guard !settlements.isEmpty else { return }
        _ = try await run(PostgresBatch([.settle(settlements, by: node)]))
    }

    public func nextDue() async throws(PushOutboxError) -> Duration? {
        let report = try await run(PostgresBatch([PreparedStatement.nextDue.bind(PushProviderKind.storedNames)]))
        return try decode { () throws(PostgresDecodingError) in try report.rows(0).first?.decodeDuration(0) }
    }

    public func deadLetters(limit: Int) async throws(PushOutboxError) -> [DeadPush] {
        let report = try await run(PostgresBatch([PreparedStatement.deadLetters.bind(Int64(max(0, limit)))]))
        return try decode { () throws(PostgresDecodingError) in try report.rows(0).decodeDeadPushes() }
    }

    // MARK: - Execution

    private func run(_ batch: PostgresBatch) async throws(PushOutboxError) -> BatchReport {
        let outcome: BatchOutcome
        do throws(SubmitError) {
            outcome = try await connection.execute(batch)
        } catch {
            throw .unavailable(reason: error.description)
        }
        switch outcome {
        case .succeeded(let report) where report.isReplicationUncertain:
            throw .unavailable(reason: "the standby has not confirmed a commit; its wait was cancelled")
        case .succeeded(let report): return report
        case .failed(let failure): throw .unavailable(reason: failure.description)
        case .unknown(let reason): throw .unavailable(reason: reason.description)
        case .notExecuted(let reason): throw .unavailable(reason: reason.description)
        }
    }

    private func decode<Value>(
        _ body: () throws(PostgresDecodingError) -> Value
    ) throws(PushOutboxError) -> Value {
        do throws(PostgresDecodingError) {
            return try body()
        } catch {
            throw .unavailable(reason: error.description)
        }
    }
}
