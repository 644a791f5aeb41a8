import ArgumentParser
import Foundation
import NIOCore
import SwitchboardProbe

/// `messages`
struct Messages: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Durable messages a second: committed, acknowledged to the sender, delivered.",
        discussion: """
            Pairs of users in established calls send messages of 200 bytes to each other, as many as the cluster takes; \
            then half as many, to see the latencies. Beside it the inserts a second that pgbench gets from the same \
            database, before and after.
            """)

    @OptionGroup var target: TargetOptions
    @Option(help: "Seconds of load.")
    var seconds = 10
    @Option(help: "Pairs of users.")
    var pairs = 64
    @Option(help: "Unaccepted messages that each user keeps on the way.")
    var window = 16
    @Option(help: "Database for pgbench, as libpq takes it (default: that of the cluster it starts).")
    var referenceConninfo: String?
    @Flag(help: "Leave pgbench out.")
    var noReference = false

    private static let warmUp: Duration = .seconds(2)
    private static let referenceSeconds = 5

    func validate() throws {
        guard (1...600).contains(seconds) else { throw ValidationError("--seconds lies between 1 and 600.") }
        guard (1...5000).contains(pairs) else { throw ValidationError("--pairs lies between 1 and 5000.") }
        guard (1...60).contains(window) else { throw ValidationError("--window lies between 1 and 60.") }
    }

    func run() async throws {
        try OpenFiles.ensure(2 * pairs + 100)
        let report = try await target.withTarget { try await measure($0) }
        Self.show(report)
        if target.json { print(report.json) }
    }

    private func measure(_ target: BenchTarget) async throws -> BenchReport {
        let progress = ProgressLine()
        var references: [Double] = []
        let reference =
            noReference
            ? nil
            : (referenceConninfo ?? target.conninfo).map {
                Pgbench(conninfo: $0, seconds: Self.referenceSeconds)
            }
        if let reference {
            progress.say("pgbench, 32 clients, before")
            references.append(try await reference.insertsPerSecond())
        }
        progress.say("Connecting \(2 * pairs) users")
        let lanes = try await LaneSet.connect(target, pairs: pairs)
        defer { lanes.stop() }
        let counters = LoadCounters()
        let streams = try await lanes.openStreams(counters)

        var report = BenchReport()
        let rate = try await fullLoad(streams, counters, progress)
        report.durablePerSecond = rate
        let latencies = try await halfLoad(rate, streams, counters, progress)
        report.acceptedMs = latencies.summary(.sendToAccepted).map(BenchReport.Latency.init)
        report.deliveredMs = latencies.summary(.sendToDelivered).map(BenchReport.Latency.init)
        for stream in streams { stream.hangUp() }
        if let reference {
            progress.say("pgbench, 32 clients, after")
            references.append(try await reference.insertsPerSecond())
            report.referencePerSecond = references.reduce(0, +) / Double(references.count)
        }
        return report
    }

    /// As much as the cluster takes.
    private func fullLoad(
        _ streams: [MessageStream], _ counters: LoadCounters, _ progress: ProgressLine
    ) async throws -> Double {
        for stream in streams { stream.setLoad(.window(window)) }
        try await Task.sleep(for: Self.warmUp)
        let rate = try await watch("full load", counters, progress)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for stream in streams { group.addTask { _ = try await stream.settle(within: .seconds(30)) } }
            try await group.waitForAll()
        }
        return rate
    }

    /// Half of it, spread evenly.
    private func halfLoad(
        _ rate: Double, _ streams: [MessageStream], _ counters: LoadCounters, _ progress: ProgressLine
    ) async throws -> Measurements {
        let senders = Double(2 * streams.count)
        let interval = TimeAmount.nanoseconds(Int64(1e9 * senders / max(rate / 2, 1)))
        for stream in streams { stream.setLoad(.paced(interval)) }
        try await Task.sleep(for: Self.warmUp)
        for stream in streams { stream.startMeasuring() }
        _ = try await watch("half load", counters, progress)
        return try await withThrowingTaskGroup(of: Measurements.self) { group in
            for stream in streams { group.addTask { try await stream.settle(within: .seconds(30)) } }
            return try await group.reduce(into: Measurements()) { $0.add($1) }
        }
    }

    /// Lets a load run its seconds.
    ///
    /// - Returns: durable messages a second.
    private func watch(_ name: String, _ counters: LoadCounters, _ progress: ProgressLine) async throws -> Double {
        let (started, first) = (ContinuousClock.now, counters.durable)
        @Sendable func rate() -> Double {
            Double(counters.durable - first) / max((ContinuousClock.now - started) / .seconds(1), 0.001)
        }
        let seconds = seconds
        let result = try await progress.during {
            while ContinuousClock.now - started < .seconds(seconds), counters.firstFailure == nil {
                try await Task.sleep(for: .milliseconds(100))
            }
            return rate()
        } line: {
            "\(name): \(Int(rate())) durable messages/s"
        }
        if let failure = counters.firstFailure { throw BenchError.streamFailed(failure) }
        return result
    }

    private static func show(_ report: BenchReport) {
        func line(_ title: String, _ value: Double?, _ digits: Int, _ unit: String) {
            guard let value else { return }
            print(title + String(format: "%.\(digits)f", value) + unit)
        }
        line("durable messages:             ", report.durablePerSecond, 0, " /s")
        line("pgbench one-row inserts:      ", report.referencePerSecond, 0, " /s")
        line("ratio:                        ", report.ratio, 2, "")
        line("accepted at half load, p50:   ", report.acceptedMs?.p50, 2, " ms")
        line("                       p99:   ", report.acceptedMs?.p99, 2, " ms")
        line("delivered at half load, p50:  ", report.deliveredMs?.p50, 2, " ms")
        line("                        p99:  ", report.deliveredMs?.p99, 2, " ms")
    }
}
