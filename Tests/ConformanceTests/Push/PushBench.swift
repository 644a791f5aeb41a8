import StoreTestSupport
import SwitchboardCore
import SwitchboardProtocol

/// What the suites of the push outbox have in common: a caller, a callee with endpoints, and calls between them.
struct PushBench {
    let outbox: any PushOutbox
    let node: StoreClient

    static let alice = UserID(trusted: "alice")
    static let bob = UserID(trusted: "bob")
    static let media = PairMedia(audio: true, video: false)

    static func endpoint(_ name: String, of user: UserID = bob, provider: PushProviderKind = .webPush) -> PushEndpoint {
        PushEndpoint(
            id: PushEndpointID("id of \(name)"), user: user, provider: provider, target: "https://push.example/\(name)",
            parameters: "{\"name\":\"\(name)\"}")
    }

    func register(_ names: String..., of user: UserID = bob) async throws {
        for name in names { try await outbox.register(Self.endpoint(name, of: user), maximumPerUser: 20) }
    }

    /// An entry that follows, with a push step; returns how many pushes it has made due.
    func append(_ log: inout SampleLog, _ step: PushStep) async -> Int? {
        var append = log.next(node)
        append.push = step
        guard let batch = await node.commit([append]).batch, let result = batch.appends.first, result.day != nil
        else { return nil }
        log.note(append, result)
        return batch.pushes[log.conversation] ?? 0
    }

    /// A call that rings at bob's endpoints.
    func call(expiresIn: Duration = .seconds(60)) async -> (log: SampleLog, pushes: Int?) {
        var log = SampleLog(leader: node)
        let step = PushStep.invite(user: Self.bob, caller: Self.alice, media: Self.media, expiresIn: expiresIn)
        let pushes = await append(&log, step)
        return (log, pushes)
    }

    func claim(_ limit: Int = 100, lease: Duration = .seconds(30), by name: String = "a.1") async throws
        -> [ClaimedPush]
    {
        try await outbox.claim(limit: limit, lease: lease, by: Incarnation(trusted: name))
    }

    func settle(_ push: ClaimedPush, _ outcome: PushSettlement.Outcome, by name: String = "a.1") async throws {
        try await outbox.settle(
            [PushSettlement(number: push.number, outcome: outcome)], by: Incarnation(trusted: name))
    }

    func endpoints(of user: UserID = bob) async throws -> Set<PushEndpoint> {
        Set(try await outbox.endpoints(of: user))
    }
}

extension StoreKind {
    /// Runs a test with a node and the push outbox on an empty store.
    func withPushes(_ body: (any StoreHarness, PushBench) async throws -> Void) async throws {
        try await withStore { harness in
            let bench = PushBench(outbox: try await harness.outbox("a.1"), node: try await harness.node("a.1"))
            try await body(harness, bench)
        }
    }
}
