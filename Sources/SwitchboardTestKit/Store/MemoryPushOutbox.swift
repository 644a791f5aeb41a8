public import SwitchboardCore
public import SwitchboardProtocol
import Synchronization

/// The push outbox in memory, for tests.
///
/// In a cluster the rows come with entries of conversations; here ``apply(_:of:)`` makes them.
public final class MemoryPushOutbox: PushOutbox {
    /// Whatever holds the tables lets a body at them, one at a time.
    typealias Access = @Sendable ((inout PushOutboxContents) -> Void) -> Void

    private let access: Access
    private let now: @Sendable () -> Duration

    /// An empty one.
    ///
    /// - Parameter now: The store's clock; it need not start anywhere.
    public convenience init(now: @escaping @Sendable () -> Duration) {
        let tables = Tables()
        self.init(access: { body in tables.contents.withLock { body(&$0) } }, now: now)
    }

    /// An empty one, in the time of this machine.
    public convenience init() {
        let start = ContinuousClock.now
        self.init { ContinuousClock.now - start }
    }

    /// One whose tables somebody else keeps.
    init(access: @escaping Access, now: @escaping @Sendable () -> Duration) {
        self.access = access
        self.now = now
    }

    private final class Tables: Sendable {
        let contents = Mutex(PushOutboxContents())
    }

    private func with<Value: Sendable>(_ body: (inout PushOutboxContents, Duration) -> Value) -> Value? {
        var value: Value?
        let now = now()
        access { value = body(&$0, now) }
        return value
    }

    /// Does what an entry of the conversation brings along; returns how many pushes it has made due.
    @discardableResult
    public func apply(_ step: PushStep, of conversation: ConversationID) -> Int {
        with { $0.apply(step, of: conversation, at: $1) } ?? 0
    }

    public func register(_ endpoint: PushEndpoint, maximumPerUser: Int) async throws(PushOutboxError) {
        let problem: PushOutboxError?? = with { contents, _ in
            do throws(PushOutboxError) {
                try contents.register(endpoint, maximumPerUser: maximumPerUser)
                return nil
            } catch {
                return error
            }
        }
        if case .some(.some(let problem)) = problem { throw problem }
    }

    @discardableResult
    public func remove(_ id: PushEndpointID, of user: UserID) async throws(PushOutboxError) -> Bool {
        with { contents, _ in contents.remove(id, of: user) } ?? false
    }

    public func endpoints(of user: UserID) async throws(PushOutboxError) -> [PushEndpoint] {
        with { contents, _ in contents.endpoints(of: user) } ?? []
    }

    public func claim(
        limit: Int, lease: Duration, by node: Incarnation
    ) async throws(PushOutboxError) -> [ClaimedPush] {
        with { $0.claim(limit: limit, lease: lease, by: node, at: $1) } ?? []
    }

    public func settle(_ settlements: [PushSettlement], by node: Incarnation) async throws(PushOutboxError) {
        _ = with { $0.settle(settlements, by: node, at: $1) }
    }

    public func nextDue() async throws(PushOutboxError) -> Duration? {
        with { $0.nextDue(at: $1) } ?? nil
    }

    public func deadLetters(limit: Int) async throws(PushOutboxError) -> [DeadPush] {
        with { contents, _ in contents.deadLetters(limit: limit) } ?? []
    }
}
