import ArgumentParser
import SwitchboardProbe

/// `idle`
struct Idle: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Memory that an idle connection costs the nodes.",
        discussion: """
            Reads the resident memory of the nodes' processes, opens connections, each of a user of its own, waits until \
            all is quiet, and reads it again.
            """)

    @OptionGroup var target: TargetOptions
    @Option(help: "How many connections to open.")
    var connections = 10_000
    @Option(help: "A node's process; give all of them (default: those of the cluster it starts).")
    var pid: [Int32] = []
    @Option(help: "Seconds to wait until all is quiet.")
    var quiet = 3

    func validate() throws {
        guard (1...1_000_000).contains(connections) else {
            throw ValidationError("--connections lies between 1 and 1000000.")
        }
        guard (0...600).contains(quiet) else { throw ValidationError("--quiet lies between 0 and 600.") }
    }

    func run() async throws {
        try OpenFiles.ensure(connections + 100)
        let report = try await target.withTarget { try await measure($0) }
        print("\(report.idleConnectionBytes ?? 0) bytes for each of \(connections) idle connections")
        if target.json { print(report.json) }
    }

    private func measure(_ target: BenchTarget) async throws -> BenchReport {
        let pids = pid.isEmpty ? target.nodeProcesses : pid
        guard !pids.isEmpty else { throw BenchError.noProcesses }
        let progress = ProgressLine()
        // What a node needs once, for its first connections, is not theirs.
        let first = try await IdleConnections.open(min(connections, 20 * target.endpoints.count), target)
        try await Task.sleep(for: .seconds(quiet))
        let before = try NodeMemory.resident(pids)

        let (total, connections) = (IdleConnections.Count(), connections)
        let open = try await progress.during {
            try await IdleConnections.open(connections, target, counting: total)
        } line: {
            "\(total.value)/\(connections) connections"
        }
        try await Task.sleep(for: .seconds(quiet))
        let after = try NodeMemory.resident(pids)
        progress.say("Nodes: \(before >> 20) MiB before, \(after >> 20) MiB after")
        first.close()
        open.close()
        var report = BenchReport()
        report.idleConnectionBytes = max(0, after - before) / connections
        return report
    }
}
