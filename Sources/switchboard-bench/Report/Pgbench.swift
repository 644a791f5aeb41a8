import Foundation
import LocalCluster

/// The yardstick: how many one-row inserts a second the same database makes durable for pgbench, with 32 clients.
struct Pgbench: Sendable {
    let conninfo: String
    let seconds: Int
    private static let clients = 32

    /// Inserts for some seconds into a table of its own, which it removes.
    ///
    /// - Returns: inserts a second.
    func insertsPerSecond() async throws -> Double {
        let directory = try TemporaryDirectory(label: "pgbench")
        let table = "switchboard_bench_reference"
        _ = try await run(
            "CREATE TABLE IF NOT EXISTS \(table) (id bigserial PRIMARY KEY, body text NOT NULL);", in: directory,
            ["-t", "1", "-c", "1"])
        // The size of one message's entry.
        let output = try await run(
            "INSERT INTO \(table) (body) VALUES (repeat('x', 220));", in: directory,
            ["-T", String(seconds), "-c", String(Self.clients), "-j", "2", "-M", "prepared"])
        _ = try await run("DROP TABLE \(table);", in: directory, ["-t", "1", "-c", "1"])
        guard
            let line = output.split(separator: "\n").first(where: { $0.hasPrefix("tps = ") }),
            let tps = Double(line.dropFirst("tps = ".count).prefix { $0.isNumber || $0 == "." })
        else { throw BenchError.pgbench("no result in: \(output.suffix(500))") }
        return tps
    }

    private func run(_ sql: String, in directory: TemporaryDirectory, _ arguments: [String]) async throws -> String {
        let (script, log) = (directory.path + "/script.sql", directory.path + "/log")
        try Data((sql + "\n").utf8).write(to: URL(fileURLWithPath: script))
        try? FileManager.default.removeItem(atPath: log)
        let command = LaunchCommand(try program(), ["-n", "-f", script] + arguments + [conninfo], logFile: log)
        let exit = try await ManagedProcess.start(command).waitForExit(within: .seconds(seconds + 60))
        let output = FileManager.default.contents(atPath: log).map { String(decoding: $0, as: UTF8.self) } ?? ""
        guard exit == .code(0) else { throw BenchError.pgbench("\(exit): \(output.suffix(500))") }
        return output
    }

    private func program() throws -> String {
        let base = "/usr/lib/postgresql"
        let versions = ((try? FileManager.default.contentsOfDirectory(atPath: base)) ?? []).compactMap { Int($0) }
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        let directories =
            path.split(separator: ":").map(String.init) + versions.sorted(by: >).map { "\(base)/\($0)/bin" }
        for directory in directories where FileManager.default.isExecutableFile(atPath: directory + "/pgbench") {
            return directory + "/pgbench"
        }
        throw BenchError.pgbench("not found; it is in Debian's postgresql-contrib and postgresql-15")
    }
}
