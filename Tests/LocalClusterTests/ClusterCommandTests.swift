import Foundation
import LocalCluster
import Testing

@Suite("switchboard-cluster (real ZooKeeper, PostgreSQL and HAProxy; a stand-in for the node)", .timeLimit(.minutes(4)))
struct ClusterCommandTests {
    private let home: TemporaryDirectory
    private let state: String

    init() throws {
        home = try TemporaryDirectory()
        state = home.file("state")
    }

    /// Runs the program to its end; its output and exit code.
    private func run(_ arguments: [String]) async throws -> (code: ManagedProcess.Exit, output: String) {
        let log = home.file("output-\(UUID().uuidString)")
        let command = LaunchCommand(
            "\(BuildProducts.directory)/switchboard-cluster", arguments, environment: ["SWITCHBOARD_STATE": state],
            logFile: log)
        let code = try await ManagedProcess.start(command).waitForExit(within: .seconds(120))
        return (code, LogFile.tail(of: log, lines: 1_000))
    }

    /// Processes that were started with something of our state directory in their arguments.
    private func processesOfState() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "/proc").filter { Int32($0) != nil }.compactMap { pid in
            let line = try? String(contentsOfFile: "/proc/\(pid)/cmdline", encoding: .utf8)
            return line.flatMap { $0.contains(state) ? "\(pid): \($0)" : nil }
        }
    }

    @Test("The cluster outlives the command that brought it up; down leaves no process behind")
    func upAndDown() async throws {
        let binary = try StandInNode.write(into: home)
        // Below the range from which tests get their free ports, so no other test takes one of the row meanwhile.
        let base = try #require(
            stride(from: 18_000, to: 19_800, by: 200).shuffled().first { base in
                (base...base + 100).allSatisfy { FreePorts.isFree($0) }
            })
        let up = ["up", "--binary", binary, "--port", "\(base + 100)", "--base-port", "\(base)"]
        let options = ["--nodes", "2", "--zookeepers", "1"]
        do {
            let first = try await run(up + options)
            #expect(first.code == .code(0), "\(first.output)")
            #expect(first.output.contains("http://127.0.0.1:\(base + 100)"))
            let status = try await run(["status"])
            #expect(status.code == .code(0))
            #expect(status.output.matches(of: /ready/).count == 5)

            // As it was, also without the options; and not with others.
            #expect(try await run(["up"]).code == .code(0))
            #expect(try await run(["status"]).output == status.output)
            #expect(try await run(up).output.contains("other settings"))

            #expect(try await run(["kill", "n2"]).code == .code(0))
            #expect(try await run(["kill", "n2"]).output.contains("restart n2"))
            #expect(try await run(["status"]).code == .code(1))
            #expect(try await run(["restart", "n2"]).code == .code(0))
            #expect(try await run(["pause", "n2"]).code == .code(0))
            #expect(try await run(["status"]).output.contains("paused"))
            #expect(try await run(["resume", "n2"]).code == .code(0))
            #expect(try await run(["leader", "known"]).output.hasPrefix("n1 "))
            #expect(try await run(["leader", "other"]).code == .code(1))
            #expect(try await run(["logs", "haproxy"]).code == .code(0))
            #expect(try await run(["logs", "n7"]).output.contains("zookeeper-1, postgres, n1, n2, haproxy"))
        } catch {
            _ = try? await run(["down"])
            throw error
        }
        let down = try await run(["down", "--wipe"])
        #expect(down.code == .code(0), "\(down.output)")
        #expect(try processesOfState() == [])
        #expect(!FileManager.default.fileExists(atPath: state))
        #expect(try await run(["down"]).code == .code(0))
        #expect(try await run(["status"]).output.contains("no cluster was brought up"))
    }

    @Test(
        "Every subcommand explains itself with an example",
        arguments: ["up", "status", "probe", "kill", "pause", "resume", "restart", "leader", "logs", "down"])
    func help(subcommand: String) async throws {
        let help = try await run([subcommand, "--help"])
        #expect(help.code == .code(0))
        #expect(help.output.contains("Example"))
        #expect(help.output.contains("Scripts/cluster \(subcommand)"))
    }

    @Test("Probe hands address, secret and further arguments to the node's program")
    func probe() async throws {
        let binary = home.file("echo-arguments")
        try "#!/bin/sh\necho \"$@\"\nexit 3\n".write(toFile: binary, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: binary)
        let settings = ClusterSettings(topology: try .fixed(balancerPort: 8080), binary: binary)
        try FileManager.default.createDirectory(atPath: state, withIntermediateDirectories: true)
        try JSONEncoder().encode(settings).write(to: URL(filePath: "\(state)/cluster.json"))
        let probe = try await run(["probe", "--calls", "7", "--json"])
        #expect(probe.code == .code(3))
        let secret = "\(state)/secrets/jwt.secret"
        #expect(
            probe.output
                == "probe --url ws://127.0.0.1:8080/v1/connect --secret-file \(secret) --calls 7 --json")
    }
}
