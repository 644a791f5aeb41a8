import Foundation
import Synchronization

/// A process that we started, or took over from an earlier command through its ``ProcessIdentity``.
///
/// It is always addressed by its own process id, never by name, so other people's servers on the machine are safe.
/// All methods may be called from any task or thread.
public final class ManagedProcess: Sendable {
    /// How a process ended.
    public enum Exit: Equatable, Sendable {
        /// It returned this code.
        case code(Int32)
        /// A signal ended it.
        case signal(Int32)
        /// It was not our child, so only its absence is known.
        case unknown
    }

    /// Who it is.
    public let identity: ProcessIdentity
    /// What it is called in messages, for example `zookeeper-1`.
    public let name: String
    /// The file with its output.
    public let logFile: String

    private let exit: Mutex<Exit?>
    private let isOurChild: Bool

    /// The process id.
    public var pid: Int32 { identity.pid }

    private init(name: String, identity: ProcessIdentity, logFile: String, isOurChild: Bool) {
        self.name = name
        self.identity = identity
        self.logFile = logFile
        self.isOurChild = isOurChild
        self.exit = Mutex(nil)
    }

    /// Starts a process in a session of its own, with its output in ``LaunchCommand/logFile`` and no inherited descriptors.
    ///
    /// - Throws: ``LocalClusterError/cannotStart(program:reason:)``.
    public static func start(_ command: LaunchCommand, name: String? = nil) async throws -> ManagedProcess {
        let name = name ?? (command.program as NSString).lastPathComponent
        return try await withCheckedThrowingContinuation { continuation in
            // One thread per child spawns it and then waits for it. It must be the same thread: the kernel sends the
            // parent-death signal when the *thread* that forked ends (prctl(2)), and threads of a pool come and go.
            let thread = Thread {
                do {
                    let pid = try spawn(command)
                    guard let identity = ProcessIdentity(unreapedChild: pid) else {
                        throw LocalClusterError.cannotStart(program: command.program, reason: "/proc is not mounted")
                    }
                    if let pidFile = command.pidFile {
                        do {
                            try Files.write(identity.text, to: pidFile)
                        } catch {
                            _ = Foundation.kill(pid, SIGKILL)
                            throw error
                        }
                    }
                    let process = ManagedProcess(
                        name: name, identity: identity, logFile: command.logFile, isOurChild: true)
                    continuation.resume(returning: process)
                    let exit = awaitExit(of: pid)
                    process.exit.withLock { $0 = exit }
                } catch {
                    continuation.resume(throwing: error)
                }
            }
            thread.name = name
            thread.stackSize = 256 * 1024
            thread.start()
        }
    }

    /// Takes over the process that an earlier command started with this ``LaunchCommand/pidFile``; `nil` if it no longer runs.
    public static func adopt(pidFile: String, name: String, logFile: String) -> ManagedProcess? {
        guard let text = try? String(contentsOfFile: pidFile, encoding: .utf8),
            let identity = ProcessIdentity(text: text), identity.isAlive
        else { return nil }
        return ManagedProcess(name: name, identity: identity, logFile: logFile, isOurChild: false)
    }

    /// Whether it still runs (a stopped process does).
    public var isRunning: Bool {
        isOurChild ? exit.withLock { $0 == nil } : identity.isAlive
    }

    /// How it ended; `nil` while it runs.
    public var exitStatus: Exit? {
        if isOurChild { return exit.withLock { $0 } }
        return identity.isAlive ? nil : .unknown
    }

    /// Sends a signal; does nothing if the process has ended.
    public func send(signal: Int32) {
        guard isRunning, identity.isAlive else { return }
        _ = Foundation.kill(pid, signal)
    }

    /// Stops it where it stands (SIGSTOP): sockets stay open, nothing answers.
    public func pause() { send(signal: SIGSTOP) }

    /// Lets a stopped process go on (SIGCONT).
    public func resume() { send(signal: SIGCONT) }

    /// Kills it without warning (SIGKILL) and waits until it is gone.
    public func kill() async throws {
        send(signal: SIGKILL)
        try await waitForExit(within: .seconds(10))
    }

    /// Asks it to end (`signal`), and kills it if it is still there after `patience`. A stopped process is woken first.
    public func stop(signal: Int32 = SIGTERM, patience: Duration = .seconds(10)) async throws {
        send(signal: signal)
        resume()
        do {
            try await waitForExit(within: patience)
        } catch is LocalClusterError {
            try await kill()
        }
    }

    /// Waits until it has ended.
    ///
    /// - Throws: ``LocalClusterError/timedOut(waitingFor:after:detail:)``.
    @discardableResult
    public func waitForExit(within limit: Duration) async throws -> Exit {
        try await waitUntil("\(name) (pid \(pid)) ends", within: limit, pollEvery: .milliseconds(5)) { !self.isRunning }
        return exitStatus ?? .unknown
    }

    /// The last lines of its log, for error messages.
    public func logTail(lines: Int = 20) -> String {
        LogFile.tail(of: logFile, lines: lines)
    }
}

/// Forks and executes; blocking, and to be called on the thread that will wait for the child.
private func spawn(_ command: LaunchCommand) throws -> Int32 {
    let directory = (command.logFile as NSString).deletingLastPathComponent
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)

    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 1, command.logFile, O_WRONLY | O_CREAT | O_APPEND, 0o644)
    posix_spawn_file_actions_adddup2(&actions, 1, 2)
    // Sockets and pipes of this process would otherwise stay open in a server that outlives it.
    for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? [] {
        if let descriptor = Int32(name), descriptor > 2 { posix_spawn_file_actions_addclose(&actions, descriptor) }
    }

    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    sigemptyset(&none)
    var all = sigset_t()
    sigfillset(&all)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setsigdefault(&attributes, &all)
    let newSession: Int32 = 0x80  // POSIX_SPAWN_SETSID of glibc's spawn.h, not imported into Swift.
    posix_spawnattr_setflags(
        &attributes, Int16(newSession | Int32(POSIX_SPAWN_SETSIGMASK) | Int32(POSIX_SPAWN_SETSIGDEF)))

    let vector = command.argumentVector
    let environment = ProcessInfo.processInfo.environment.merging(command.environment) { $1 }
    var arguments: [UnsafeMutablePointer<CChar>?] = vector.map { strdup($0) } + [nil]
    var variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer {
        for text in arguments + variables { free(text) }
    }

    var pid: pid_t = 0
    let code = posix_spawnp(&pid, vector[0], &actions, &attributes, &arguments, &variables)
    guard code == 0 else {
        throw LocalClusterError.cannotStart(program: vector[0], reason: String(cString: strerror(code)))
    }
    return pid
}

/// Waits for a child and collects it; blocking.
private func awaitExit(of pid: Int32) -> ManagedProcess.Exit {
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0 {
        guard errno == EINTR else { return .unknown }
    }
    let signal = status & 0x7f
    return signal == 0 ? .code((status >> 8) & 0xff) : .signal(signal)
}
