import ClientTestSupport
import Foundation
import SwitchboardClient
import SwitchboardProtocol
import Testing

@testable import SwitchboardProbe

@Suite("Probe against a server on loopback", .timeLimit(.minutes(1)))
struct ProbeRunTests {
    private func credentials() async throws -> Credentials {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try Data("a secret of no less than 32 bytes\n".utf8).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        return .secret(try await TokenMaker(secretFile: file.path))
    }

    private func run(
        _ server: LoopbackServer, _ change: (inout ProbeRun) -> Void = { _ in }
    ) async throws -> ProbeReport {
        var run = ProbeRun(
            endpoints: [try ServerEndpoint(url: server.endpointURL)], credentials: try await credentials())
        run.plan.timeout = .seconds(20)
        change(&run)
        return try await run.run()
    }

    @Test("whole calls, with samples of every phase", arguments: Subprotocol.allCases)
    func calls(subprotocol: Subprotocol) async throws {
        let server = try await LoopbackServer.start(handler: CallServer().received)
        let report = try await run(server) {
            $0.calls = 6
            $0.pairs = 2
            $0.configuration.subprotocol = subprotocol
        }
        #expect(report.failures == [])
        #expect((report.calls, report.failed) == (6, 0))
        for phase in Phase.allCases {
            let summary = try #require(report.measurements.summary(phase), "no sample of \(phase)")
            #expect(summary.p50 > 0 && summary.p50 <= summary.p99 && summary.p99 <= summary.max)
        }
        await server.stop()
    }

    @Test(
        "what goes wrong is noticed where it goes wrong",
        arguments: [
            (.neverRings, .ringing, "the caller waits for ringing"),
            (.acceptsNothing, .ringing, "the acceptance of its message 1"),
            (.refusesAccept, .pickup, "not_allowed"),
            (.swapsCandidates, .pickup, "candidates came instead of candidates"),
            (.repeatsInfo, .exchange, "info came instead of"), (.losesInfo, .exchange, "info came instead of"),
            (.lowersEpoch, .exchange, "epoch 4 came after epoch 5"), (.endsEarly, .exchange, "ended (server_error)"),
        ] as [(CallServer.Fault, CallFailure.Step, String)])
    func faults(fault: CallServer.Fault, step: CallFailure.Step, reason: String) async throws {
        let server = try await LoopbackServer.start(handler: CallServer(fault: fault).received)
        let report = try await run(server) {
            $0.calls = 1
            if fault == .neverRings || fault == .acceptsNothing { $0.plan.timeout = .milliseconds(300) }
        }
        #expect(report.failed == 1)
        let failure = try #require(report.failures.first)
        #expect(failure.step == step)
        #expect(failure.reason.contains(reason), "\(failure.reason)")
        await server.stop()
    }

    @Test("nobody there: all calls failed, at connecting, with a reason")
    func nobody() async throws {
        let server = try await LoopbackServer.start { _, _ in }
        await server.stop()
        let report = try await run(server) {
            $0.calls = 3
            $0.plan.timeout = .milliseconds(300)
        }
        #expect((report.calls, report.failed) == (3, 3))
        #expect(report.failures.first?.step == .connect)
        #expect(report.failures.first?.reason.isEmpty == false)
    }

    @Test("a rate is kept")
    func rate() async throws {
        let server = try await LoopbackServer.start(handler: CallServer().received)
        let started = ContinuousClock.now
        let report = try await run(server) {
            $0.calls = 5
            $0.rate = 20
        }
        #expect(report.failed == 0)
        // The fifth begins 4/20 s after the first.
        #expect(ContinuousClock.now - started >= .milliseconds(200))
        await server.stop()
    }

    @Test("the same user twice cannot call itself")
    func sameUser() async throws {
        guard case .secret(let maker) = try await credentials() else { return }
        let token = try await maker.token(for: "alice")
        let endpoint = try ServerEndpoint(url: "ws://127.0.0.1:1")
        await #expect(throws: ProbeError.sameUser("alice")) {
            try await ProbeRun(endpoints: [endpoint], credentials: .tokens(token, token)).run()
        }
        await #expect(throws: ProbeError.badToken) {
            try await ProbeRun(endpoints: [endpoint], credentials: .tokens("x", "y")).run()
        }
    }
}
