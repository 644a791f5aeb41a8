import Foundation

/// Starts, stops and hurts one ``Service``.
///
/// A service that an earlier command left running is found through its pid file and taken over, so starting twice starts once.
actor ServiceRunner {
    nonisolated let service: any Service

    private var process: ManagedProcess?
    private var starting: Task<ManagedProcess, any Error>?

    init(_ service: any Service) {
        self.service = service
        process = ManagedProcess.adopt(pidFile: service.pidFile, name: service.name, logFile: service.logFile)
    }

    /// Its process, if it runs.
    var running: ManagedProcess? { process.flatMap { $0.isRunning ? $0 : nil } }

    /// Starts it unless it runs, without waiting until it is ready.
    ///
    /// - Returns: Whether it had to be started.
    @discardableResult
    func launch() async throws -> Bool {
        if let starting {
            _ = try await starting.value
            return false
        }
        guard running == nil else { return false }
        let task = Task { try await Self.start(service) }
        starting = task
        defer { starting = nil }
        process = try await task.value
        return true
    }

    private static func start(_ service: any Service) async throws -> ManagedProcess {
        for port in service.ports where !FreePorts.isFree(port) {
            throw LocalClusterError.portTaken(port: port, neededBy: service.name)
        }
        var command = try await service.prepare()
        command.lifetime = service.lifetime
        command.pidFile = service.pidFile
        return try await ManagedProcess.start(command, name: service.name)
    }

    /// Waits until it is ready; fails at once if it ends instead.
    func waitUntilReady(within limit: Duration) async throws {
        guard let process else { throw LocalClusterError.failed("\(service.name) has not been started") }
        let tail: () -> String = { process.logTail() }
        try await waitUntil("\(service.name) is ready", within: limit, detail: tail) {
            guard process.isRunning else {
                throw LocalClusterError.cannotStart(program: service.name, reason: "it ended\n\(process.logTail())")
            }
            return await service.isReady()
        }
    }

    /// Ends it in an orderly way, or kills it if that takes too long. Its files stay.
    func stop() async throws {
        guard let process = running else { return }
        try await process.stop(signal: service.stopSignal, patience: service.stopPatience)
        try Files.remove(service.pidFile)
    }

    /// Kills it (SIGKILL), and what it has started itself; returns when all have gone.
    func kill() async throws {
        guard let process = running else { return }
        let children = process.identity.children
        try await process.kill()
        for child in children where child.isAlive { _ = Foundation.kill(child.pid, SIGKILL) }
        try await waitUntil("the children of \(service.name) end", within: .seconds(10)) {
            !children.contains(where: \.isAlive)
        }
        try Files.remove(service.pidFile)
    }

    /// Stops it and its children where they stand (SIGSTOP): connections stay open, nothing answers.
    func pause() { signalAll(SIGSTOP) }

    /// Lets them go on (SIGCONT).
    func resume() { signalAll(SIGCONT) }

    private func signalAll(_ signal: Int32) {
        guard let process = running else { return }
        // The parent first, so that a stopped one makes no further child.
        process.send(signal: signal)
        for child in process.identity.children where child.isAlive { _ = Foundation.kill(child.pid, signal) }
    }
}
