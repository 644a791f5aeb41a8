import NIOCore
import NIOPosix
import SwitchboardClient
import SwitchboardProtocol

/// Whole calls between users of the probe's own.
package struct ProbeRun: Sendable {
    /// Where to connect; several are taken in turn, so that the two sides of a call come to different ones.
    package var endpoints: [ServerEndpoint]
    package var credentials: Credentials
    package var calls = 10
    /// Calls a second; nil: one after the other.
    package var rate: Double?
    /// Pairs of users that call side by side.
    package var pairs = 1
    package var plan = CallPlan()
    package var configuration = SessionConfiguration()
    /// For `wss:`: a PEM file with the certificates to trust instead of the system's.
    package var trustedCertificatesFile: String?

    /// Connections of each device before its calls, so that their durations mean something.
    private static let connectSamples = 20

    package init(endpoints: [ServerEndpoint], credentials: Credentials) {
        self.endpoints = endpoints
        self.credentials = credentials
    }

    /// Makes the calls; a call that fails is counted, as are all if nobody can connect.
    ///
    /// - Throws: `ProbeError` if there are no users to call with.
    package func run(_ tally: CallTally = CallTally()) async throws -> ProbeReport {
        let lanes = try await makeLanes()
        defer { for lane in lanes { lane.stop() } }
        var measurements = Measurements()
        do {
            let samples = max(1, min(calls, Self.connectSamples) / lanes.count)
            for lane in lanes { try await lane.connect(samples: samples, timeout: plan.timeout) }
            let pacer = CallPacer(limit: calls, rate: rate)
            let plan = plan
            try await withThrowingTaskGroup(of: Measurements.self) { group in
                for lane in lanes {
                    group.addTask { try await lane.run(pacer, plan: plan, tally: tally) }
                }
                for try await lane in group { measurements.add(lane) }
            }
        } catch let error as ProbeError {
            tally.record(.failure(CallFailure(step: .connect, reason: error.description)))
        }
        let counts = tally.current
        // Calls that were never made, because no session was left to make them.
        let missing = calls - (counts.done - counts.failed) - counts.failed
        return ProbeReport(
            calls: calls, failed: min(calls, counts.failed + max(0, missing)), failures: counts.failures,
            measurements: measurements)
    }

    private func makeLanes() async throws -> [CallLane] {
        let run = "probe-" + String(UInt32.random(in: 0...UInt32.max), radix: 36)
        var lanes: [CallLane] = []
        for index in 0..<max(1, min(pairs, calls, credentials.maximumPairs)) {
            let (caller, callee) = try await credentials.pair(index, run: run)
            guard caller.user != callee.user else { throw ProbeError.sameUser(caller.user) }
            lanes.append(
                CallLane(
                    caller: spot(caller, "\(run)-\(index)-a", endpoints[2 * index % endpoints.count]),
                    callee: spot(callee, "\(run)-\(index)-b", endpoints[(2 * index + 1) % endpoints.count]),
                    eventLoop: MultiThreadedEventLoopGroup.singleton.any()))
        }
        return lanes
    }

    private func spot(_ account: Account, _ device: String, _ endpoint: ServerEndpoint) -> CallLane.DeviceSpot {
        CallLane.DeviceSpot(
            account: account, device: DeviceID(trusted: device), endpoint: endpoint, configuration: configuration,
            trustedCertificatesFile: trustedCertificatesFile)
    }
}
