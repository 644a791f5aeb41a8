import GRDB
public import SwitchboardCore
public import SwitchboardProtocol

/// The push outbox of a single node, in the file of its ``SQLiteConversationStore`` and on its queue.
public final class SQLitePushOutbox: PushOutbox {
    private let database: DatabaseQueue
    private let clock: StoreClock

    /// - Parameter store: Whose file it is; once that store is closed, everything here is `.unavailable`.
    public init(sharing store: SQLiteConversationStore) {
        database = store.database
        clock = store.clock
    }

    public func register(_ endpoint: PushEndpoint, maximumPerUser: Int) async throws(PushOutboxError) {
        try await run { session in try session.register(endpoint, maximumPerUser: maximumPerUser) }
    }

    @discardableResult
    public func remove(_ id: PushEndpointID, of user: UserID) async throws(PushOutboxError) -> Bool {
        try await run { session in try session.removeEndpoint(id, of: user) }
    }

    public func endpoints(of user: UserID) async throws(PushOutboxError) -> [PushEndpoint] {
        try await run { session in try session.endpoints(of: user) }
    }

    public func claim(
        limit: Int, lease: Duration, by node: Incarnation
    ) async throws(PushOutboxError) -> [ClaimedPush] {
        try await run { session in try session.claimPushes(limit: limit, lease: lease, by: node) }
    }

    public func settle(_ settlements: [PushSettlement], by node: Incarnation) async throws(PushOutboxError) {
        try await run { session in try session.settlePushes(settlements, by: node) }
    }

    public func nextDue() async throws(PushOutboxError) -> Duration? {
        try await run { session in try session.nextPushDue() }
    }

    public func deadLetters(limit: Int) async throws(PushOutboxError) -> [DeadPush] {
        try await run { session in try session.deadPushes(limit: limit) }
    }

    /// Executes in its turn on the store's queue, as one transaction.
    private func run<Value: Sendable>(
        _ body: @escaping @Sendable (SQLiteSession) throws -> Value
    ) async throws(PushOutboxError) -> Value {
        let result: Result<Value, PushOutboxError> = await withCheckedContinuation { continuation in
            database.asyncWriteWithoutTransaction { [clock] db in
                continuation.resume(returning: Self.result(SQLiteSession(db: db, clock: clock), body))
            }
        }
        return try result.get()
    }

    private static func result<Value>(
        _ session: SQLiteSession, _ body: (SQLiteSession) throws -> Value
    ) -> Result<Value, PushOutboxError> {
        do {
            var value: Value?
            try session.db.inTransaction(.immediate) {
                value = try body(session)
                return .commit
            }
            guard let value else { return .failure(.unavailable(reason: "the transaction was not executed")) }
            return .success(value)
        } catch let error as PushOutboxError {
            return .failure(error)
        } catch {
            return .failure(.unavailable(reason: SQLiteFailure(error).reason))
        }
    }
}
