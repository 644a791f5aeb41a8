import Foundation
import LocalCluster
import Testing

@Suite("ManagedProcess", .timeLimit(.minutes(1)))
struct ManagedProcessTests {
    private let home: TemporaryDirectory

    init() throws { home = try TemporaryDirectory() }

    private func shell(_ script: String, lifetime: LaunchCommand.Lifetime = .boundToParent) -> LaunchCommand {
        LaunchCommand(
            "sh", ["-c", script], environment: ["GREETING": "hello"], logFile: home.file("log"), lifetime: lifetime,
            pidFile: home.file("pid"))
    }

    @Test("Output and exit code arrive, also of a program that ends at once")
    func exitCode() async throws {
        let process = try await ManagedProcess.start(shell("echo $GREETING; echo err >&2; exit 7"))
        #expect(try await process.waitForExit(within: .seconds(5)) == .code(7))
        #expect(process.logTail() == "hello\nerr")
        #expect(process.logTail(lines: 1) == "err")
    }

    @Test("TERM ends a process, KILL one that does not listen, also while it is stopped")
    func termThenKill() async throws {
        let polite = try await ManagedProcess.start(shell("exec sleep 100"))
        try await polite.stop()
        #expect(polite.exitStatus == .signal(SIGTERM))

        let deaf = try await ManagedProcess.start(shell("trap '' TERM; echo ready; while :; do sleep 1; done"))
        try await waitUntil("it listens no more", within: .seconds(5)) { deaf.logTail().contains("ready") }
        deaf.pause()
        try await waitUntil("it stands", within: .seconds(5)) { deaf.identity.isStopped }
        try await deaf.stop(patience: .milliseconds(200))
        #expect(deaf.exitStatus == .signal(SIGKILL))
    }

    @Test("A detached process is found through its pid file, a finished or foreign one is not")
    func adoption() async throws {
        let process = try await ManagedProcess.start(shell("exec sleep 100", lifetime: .detached))
        let pidFile = home.file("pid")
        let found = try #require(ManagedProcess.adopt(pidFile: pidFile, name: "s", logFile: home.file("log")))
        #expect(found.pid == process.pid)
        try await found.stop()
        #expect(!process.isRunning || process.identity.isAlive == false)
        #expect(ManagedProcess.adopt(pidFile: pidFile, name: "s", logFile: "") == nil)

        // The id of a process that lives, but started at another time: the kernel has used the number again.
        try "\(getpid()) 1\n".write(toFile: pidFile, atomically: true, encoding: .utf8)
        #expect(ManagedProcess.adopt(pidFile: pidFile, name: "s", logFile: "") == nil)
        try "nonsense".write(toFile: pidFile, atomically: true, encoding: .utf8)
        #expect(ManagedProcess.adopt(pidFile: pidFile, name: "s", logFile: "") == nil)
    }

    @Test("A bound process inherits no descriptor of ours, and dies with the one that started it")
    func boundToParent() async throws {
        let leak = open("/dev/zero", O_RDONLY)
        defer { close(leak) }
        let child = try await ManagedProcess.start(shell("ls -l /proc/self/fd"))
        #expect(try await child.waitForExit(within: .seconds(5)) == .code(0))
        #expect(!child.logTail().contains("/dev/zero"))

        // A parent in between: what it starts with the same wrapper must go when it is killed.
        let inner = home.file("inner")
        let parent = try await ManagedProcess.start(
            shell("setpriv --pdeathsig KILL -- sleep 100 & echo $! > \(inner); wait"))
        var pid: Int32 = 0
        try await waitUntil("the inner process runs", within: .seconds(5)) {
            pid = (try? String(contentsOfFile: inner, encoding: .utf8)).flatMap { Int32($0.dropLast()) } ?? 0
            let name = try? String(contentsOfFile: "/proc/\(pid)/comm", encoding: .utf8)
            return pid > 0 && name == "sleep\n"
        }
        let identity = try #require(ProcessIdentity(pid: pid))
        try await parent.kill()
        try await waitUntil("the inner process is gone", within: .seconds(5)) { !identity.isAlive }
    }

    @Test("A program that does not exist is an error")
    func missingProgram() async throws {
        let command = LaunchCommand("/no/such/program", logFile: home.file("log"), lifetime: .detached)
        await #expect(throws: LocalClusterError.self) { _ = try await ManagedProcess.start(command) }
    }
}
