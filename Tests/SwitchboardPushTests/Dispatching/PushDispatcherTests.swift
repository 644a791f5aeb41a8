import Logging
import NIOConcurrencyHelpers
import SwitchboardCore
import SwitchboardProtocol
import Testing

@testable import SwitchboardPush

@Suite("PushDispatcher (an outbox in memory, real time)", .timeLimit(.minutes(1)))
struct PushDispatcherTests {
    private let outbox = WatchedOutbox()
    private let reports = NIOLockedValueBox<[Bool]>([])

    private func dispatcher(
        _ providers: [any PushProvider], name: String = "n1.a",
        _ change: (inout PushDispatcherLimits) -> Void = { _ in }
    ) -> PushDispatcher {
        var limits = PushDispatcherLimits()
        limits.firstRetry = .milliseconds(20)
        limits.leastInterval = .milliseconds(5)
        change(&limits)
        return PushDispatcher(
            outbox: outbox, providers: providers, node: Incarnation(trusted: name), limits: limits,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            report: { [reports] _, _, taken in reports.withLockedValue { $0.append(taken) } })
    }

    private func running(_ dispatchers: PushDispatcher..., body: () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for dispatcher in dispatchers { group.addTask { await dispatcher.run() } }
            try await body()
            for dispatcher in dispatchers { dispatcher.finish() }
            try await group.waitForAll()
        }
    }

    @Test("A committed push is sent at once, not at the next look")
    func atOnce() async throws {
        let provider = StubProvider()
        let dispatcher = dispatcher([provider]) { $0.pollInterval = .seconds(30) }
        try await running(dispatcher) {
            // The first look has found nothing.
            await eventually("it has looked") { await outbox.claims == 1 }
            let started = ContinuousClock.now
            await outbox.add(1)
            dispatcher.pushesCommitted()
            await eventually("it is settled") { await outbox.outcome(1) == .taken }
            #expect(ContinuousClock.now - started < .seconds(5))
            #expect(reports.withLockedValue { $0 } == [true])
            #expect(provider.messages.count == 1)
            #expect(dispatcher.metrics.current[.fcm]?.taken == 1)
        }
    }

    @Test("A push that another node left is found by looking")
    func polled() async throws {
        let provider = StubProvider()
        try await running(dispatcher([provider]) { $0.pollInterval = .milliseconds(20) }) {
            await eventually("it has looked") { await outbox.claims > 0 }
            await outbox.add(1)
            await eventually("it is sent") { await outbox.outcome(1) == .taken }
        }
    }

    @Test("A node dies with a push in its hands: another sends it after the lease, and not before")
    func nodeDies() async throws {
        let hanging = StubProvider { _, _ in
            try? await Task.sleep(for: .seconds(600))
            return .postponed(after: nil, reason: "cancelled")
        }
        let lease = Duration.milliseconds(600)
        let dying = dispatcher([hanging]) {
            $0.lease = lease
            $0.sendTimeout = .milliseconds(100)
        }
        let other = StubProvider()
        let living = dispatcher([other], name: "n2.b") {
            $0.pollInterval = .milliseconds(20)
            $0.sendTimeout = .milliseconds(100)
        }
        await outbox.add(1)
        let node = Task { await dying.run() }
        await eventually("the first node has taken it") { hanging.messages.count == 1 }
        let taken = ContinuousClock.now
        node.cancel()
        await node.value
        try await running(living) {
            await eventually("the other node sends it") { await outbox.outcome(1) == .taken }
        }
        #expect(ContinuousClock.now - taken >= lease - .milliseconds(50))
        #expect(other.messages.count == 1)
    }

    @Test("A provider that fails at first is tried again until it takes the push")
    func retries() async throws {
        let provider = StubProvider { _, count in count < 4 ? .postponed(after: nil, reason: "503") : .taken }
        let dispatcher = dispatcher([provider])
        await outbox.add(1)
        try await running(dispatcher) {
            await eventually("it is taken at last") { await outbox.outcome(1) == .taken }
            #expect(provider.messages.count == 4)
            #expect(dispatcher.metrics.current[.fcm]?.postponed == 3)
            #expect(reports.withLockedValue { $0 } == [true])
        }
    }

    @Test("A provider that fails for ever is given up when the call has stopped ringing")
    func expires() async throws {
        let provider = StubProvider { _, _ in .postponed(after: nil, reason: "503") }
        let dispatcher = dispatcher([provider])
        await outbox.add(1, expiresIn: .milliseconds(300))
        try await running(dispatcher) {
            await eventually("it is given up") { await outbox.outcome(1)?.isDead == true }
            #expect(provider.messages.count > 1)
            #expect(reports.withLockedValue { $0 } == [false])
            #expect(dispatcher.metrics.current[.fcm]?.dead == 1)
        }
    }

    @Test("An endpoint that is gone is removed")
    func gone() async throws {
        await outbox.add(1)
        try await running(dispatcher([StubProvider { _, _ in .endpointGone(reason: "410") }])) {
            try await eventually("it is removed") { try await outbox.endpoints(of: UserID(trusted: "user 1")).isEmpty }
        }
    }

    @Test("An outbox that is away for a while: everything is sent when it is back, once")
    func outboxAway() async throws {
        let provider = StubProvider()
        await outbox.setDown(true)
        await outbox.add(1)
        let dispatcher = dispatcher([provider]) { $0.mostRetry = .milliseconds(50) }
        try await running(dispatcher) {
            try await Task.sleep(for: .milliseconds(50))
            await outbox.setDown(false)
            await eventually("it is sent") { await outbox.outcome(1) == .taken }
        }
        #expect(provider.messages.count == 1)
    }

    @Test("A thousand pushes at once: each sent once, never more at a time than allowed")
    func many() async throws {
        let (now, most) = (NIOLockedValueBox(0), NIOLockedValueBox(0))
        let provider = StubProvider { _, _ in
            let count = now.withLockedValue { value in
                value += 1
                return value
            }
            most.withLockedValue { $0 = max($0, count) }
            await Task.yield()
            now.withLockedValue { $0 -= 1 }
            return .taken
        }
        for number in 1...1000 { await outbox.add(Int64(number)) }
        try await running(dispatcher([provider]) { $0.sendingPerProvider = 8 }) {
            await eventually("all are taken") { await outbox.takenCount == 1000 }
        }
        #expect(provider.messages.count == 1000)
        #expect(most.withLockedValue { $0 } <= 8)
        #expect(reports.withLockedValue { $0.count } == 1000)
    }

    @Test("Asked to leave, it waits for what is under way, writes it, and returns")
    func leaves() async throws {
        let provider = StubProvider { _, _ in
            try? await Task.sleep(for: .milliseconds(100))
            return .taken
        }
        await outbox.add(1)
        try await running(dispatcher([provider])) {
            await eventually("it is under way") { provider.messages.count == 1 }
        }
        #expect(await outbox.outcome(1) == .taken)
    }

    @Test("A provider that hangs does not keep it from leaving")
    func leavesAnyway() async throws {
        let provider = StubProvider { _, _ in
            try? await Task.sleep(for: .seconds(600))
            return .taken
        }
        await outbox.add(1)
        let started = ContinuousClock.now
        try await running(dispatcher([provider]) { $0.grace = .milliseconds(100) }) {
            await eventually("it is under way") { provider.messages.count == 1 }
        }
        #expect(ContinuousClock.now - started < .seconds(10))
    }
}
