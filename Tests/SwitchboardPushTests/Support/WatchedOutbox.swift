import SwitchboardCore
import SwitchboardProtocol
import SwitchboardTestKit

/// The outbox in memory, with what a test wants to see and do.
actor WatchedOutbox: PushOutbox {
    private let outbox = MemoryPushOutbox()
    private var settled: [Int64: PushSettlement.Outcome] = [:]
    private(set) var claims = 0
    private var isDown = false

    func setDown(_ isDown: Bool) { self.isDown = isDown }

    /// Makes the push of this number due, in the order of numbers, to an endpoint and a user of its own.
    func add(_ number: Int64, expiresIn: Duration = .seconds(60)) async {
        let user = UserID(trusted: "user \(number)")
        var endpoint = PushEndpoint.sample(target: "device \(number)")
        endpoint.user = user
        try? await outbox.register(endpoint, maximumPerUser: 1)
        outbox.apply(
            .invite(
                user: user, caller: UserID(trusted: "alice"), media: PairMedia(audio: true, video: false),
                expiresIn: expiresIn), of: sampleCall)
    }

    /// The last one.
    func outcome(_ number: Int64) -> PushSettlement.Outcome? { settled[number] }
    var takenCount: Int { settled.values.filter { $0 == .taken }.count }

    private func check() throws(PushOutboxError) {
        if isDown { throw .unavailable(reason: "down") }
    }

    func register(_ endpoint: PushEndpoint, maximumPerUser: Int) async throws(PushOutboxError) {
        try check()
        try await outbox.register(endpoint, maximumPerUser: maximumPerUser)
    }

    func remove(_ id: PushEndpointID, of user: UserID) async throws(PushOutboxError) -> Bool {
        try check()
        return try await outbox.remove(id, of: user)
    }

    func endpoints(of user: UserID) async throws(PushOutboxError) -> [PushEndpoint] {
        try check()
        return try await outbox.endpoints(of: user)
    }

    func claim(limit: Int, lease: Duration, by node: Incarnation) async throws(PushOutboxError) -> [ClaimedPush] {
        try check()
        claims += 1
        return try await outbox.claim(limit: limit, lease: lease, by: node)
    }

    func settle(_ settlements: [PushSettlement], by node: Incarnation) async throws(PushOutboxError) {
        try check()
        try await outbox.settle(settlements, by: node)
        for settlement in settlements { settled[settlement.number] = settlement.outcome }
    }

    func nextDue() async throws(PushOutboxError) -> Duration? {
        try check()
        return try await outbox.nextDue()
    }

    func deadLetters(limit: Int) async throws(PushOutboxError) -> [DeadPush] {
        try check()
        return try await outbox.deadLetters(limit: limit)
    }
}
