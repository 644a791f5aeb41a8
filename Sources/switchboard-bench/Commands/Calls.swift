import ArgumentParser
import NIOCore
import SwitchboardProbe

/// `calls`
struct Calls: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Whole calls a second, as `switchboard probe` makes them.",
        discussion: "Each call has some 20 sends, each durable before it counts; every delivery is checked.")

    @OptionGroup var target: TargetOptions
    @Option(help: "Seconds of load.")
    var seconds = 10
    @Option(help: "Pairs of users that call side by side.")
    var pairs = 64
    @Option(help: "At most so many calls a second (default: as many as there is room for).")
    var rate: Double?

    private static let maximumCalls = 1_000_000

    func validate() throws {
        guard (1...600).contains(seconds) else { throw ValidationError("--seconds lies between 1 and 600.") }
        guard (1...5000).contains(pairs) else { throw ValidationError("--pairs lies between 1 and 5000.") }
        guard rate.map({ $0 > 0 }) ?? true else { throw ValidationError("--rate must be more than 0.") }
    }

    func run() async throws {
        try OpenFiles.ensure(2 * pairs + 100)
        let (report, calls) = try await target.withTarget { try await measure($0) }
        print(calls.table)
        print("\(report.callsPerSecond.map { Int($0) } ?? 0) calls/s")
        if target.json { print(report.json) }
        guard calls.failed == 0 else { throw BenchError.callsFailed(calls.failed) }
    }

    private func measure(_ target: BenchTarget) async throws -> (BenchReport, ProbeReport) {
        let progress = ProgressLine()
        progress.say("Connecting \(2 * pairs) users")
        let lanes = try await LaneSet.connect(target, pairs: pairs)
        defer { lanes.stop() }
        let tally = CallTally()
        let started = NIODeadline.now()
        let pacer = CallPacer(
            limit: Self.maximumCalls, rate: rate, start: started, end: started + .seconds(Int64(seconds)))
        let measurements = try await progress.during {
            try await withThrowingTaskGroup(of: Measurements.self) { group in
                for lane in lanes.lanes {
                    group.addTask { try await lane.run(pacer, plan: CallPlan(), tally: tally) }
                }
                return try await group.reduce(into: Measurements()) { $0.add($1) }
            }
        } line: {
            let counts = tally.current
            let elapsed = max(Double((NIODeadline.now() - started).nanoseconds) / 1e9, 0.001)
            return "\(counts.done) calls, \(counts.failed) failed, \(Int(Double(counts.done) / elapsed)) calls/s"
        }
        // Including the tail of calls that were begun in time.
        let elapsed = Double((NIODeadline.now() - started).nanoseconds) / 1e9
        let counts = tally.current
        var report = BenchReport()
        report.callsPerSecond = Double(counts.done - counts.failed) / elapsed
        return (
            report,
            ProbeReport(
                calls: counts.done, failed: counts.failed, failures: counts.failures, measurements: measurements)
        )
    }
}
