import Foundation

/// A real PostgreSQL server on loopback, with one role and database for the cluster.
///
/// Connections are trusted: whoever can reach the port of 127.0.0.1 is let in. It is for tests and demonstrations.
///
/// ```swift
/// let server = try PostgresServer()
/// try await server.start()
/// let connection = connect(server.conninfo)
/// ```
public actor PostgresServer {
    /// Port on 127.0.0.1.
    public nonisolated let port: Int
    /// Directory of the server's files: `data`, `log`, and its Unix socket.
    public nonisolated let directory: String
    /// How it runs.
    public nonisolated let options: PostgresOptions

    private let installation: PostgresInstallation
    private let temporary: TemporaryDirectory?
    private var process: ManagedProcess?

    /// Lays out a server; nothing runs yet.
    ///
    /// - Parameters:
    ///   - directory: Where to keep its files; a temporary directory that goes away with the actor if `nil`.
    ///   - port: Port to listen on; a free one if `nil`.
    /// - Throws: ``LocalClusterError/missingProgram(name:package:)`` if PostgreSQL is not installed.
    public init(directory: String? = nil, port: Int? = nil, options: PostgresOptions = PostgresOptions()) throws {
        installation = try PostgresInstallation.find()
        let temporary = directory == nil ? try TemporaryDirectory(label: "pg") : nil
        self.temporary = temporary
        self.directory = directory ?? temporary?.path ?? ""
        self.port = try port ?? FreePorts.one()
        self.options = options
    }

    /// Connection string of the cluster's role and database, for libpq.
    public nonisolated var conninfo: String {
        "host=127.0.0.1 port=\(port) user=\(options.database) dbname=\(options.database)"
    }

    /// Connection string of the superuser, to look at and to interfere with what the cluster's role does.
    public nonisolated var superuserConninfo: String {
        "host=127.0.0.1 port=\(port) user=postgres dbname=\(options.database)"
    }

    /// ``conninfo`` as a URL.
    public nonisolated var url: String { "postgresql://\(options.database)@127.0.0.1:\(port)/\(options.database)" }

    /// Starts it, making its data directory if there is none, and returns when it accepts connections.
    ///
    /// After ``kill()`` this includes the recovery from its write-ahead log.
    public func start(within limit: Duration = .seconds(60)) async throws {
        if let process, process.isRunning { return try await waitUntilReady(within: limit) }
        let data = "\(directory)/data"
        if !FileManager.default.fileExists(atPath: "\(data)/PG_VERSION") {
            try Files.makeDirectory(directory)
            try await PostgresTemplate.shared.copy(to: data, database: options.database, installation: installation)
        }
        let sockets = "\(directory)/socket"
        try Files.makeDirectory(sockets, owner: installation.user)
        let config = "\(directory)/postgresql.conf"
        try Template(named: "postgresql.conf").render(
            [
                "PORT": String(port),
                "LISTEN_ADDRESSES": "127.0.0.1",
                "SOCKET_DIRECTORY": Self.fitsSocket(sockets) ? sockets : "",
                "FSYNC": options.fsync ? "on" : "off",
            ],
            to: config)
        // A lock file left by a killed server names a process id that may be somebody else's by now.
        try Files.remove("\(data)/postmaster.pid")
        var arguments = ["-D", data, "-c", "config_file=\(config)"]
        for (name, value) in options.settings.sorted(by: { $0.key < $1.key }) { arguments += ["-c", "\(name)=\(value)"] }
        let command = LaunchCommand(
            installation.program("postgres"), arguments, logFile: "\(directory)/log", user: installation.user,
            lifetime: options.lifetime)
        process = try await ManagedProcess.start(command, name: "postgres")
        try await waitUntilReady(within: limit)
    }

    /// Ends it in an orderly way ("fast": open transactions are rolled back). Its data stays.
    public func stop() async throws {
        try await process?.stop(signal: SIGINT, patience: .seconds(20))
        process = nil
    }

    /// Kills the server (`kill -9`), as a power cut would, and waits until its backends have gone too.
    public func kill() async throws {
        guard let process else { return }
        let backends = Self.children(of: process.pid)
        try await process.kill()
        for backend in backends where backend.isAlive { _ = Foundation.kill(backend.pid, SIGKILL) }
        try await waitUntil("PostgreSQL's backends end", within: .seconds(10)) { !backends.contains(where: \.isAlive) }
        self.process = nil
    }

    /// ``stop()`` and ``start(within:)``.
    public func restart() async throws {
        try await stop()
        try await start()
    }

    /// Stops the server and all its backends where they stand (SIGSTOP): connections stay open, nothing answers.
    public func pause() { signalAll(SIGSTOP) }

    /// Lets them go on (SIGCONT).
    public func resume() { signalAll(SIGCONT) }

    /// Waits until it accepts connections.
    public func waitUntilReady(within limit: Duration = .seconds(60)) async throws {
        guard let process else { throw LocalClusterError.failed("PostgreSQL has not been started") }
        let check = LaunchCommand(
            installation.program("pg_isready"),
            ["-q", "-h", "127.0.0.1", "-p", String(port), "-U", options.database, "-d", options.database],
            logFile: "\(directory)/pg_isready.log")
        try await waitUntil("PostgreSQL accepts connections", within: limit, pollEvery: .milliseconds(100), detail: { process.logTail() }) {
            guard process.isRunning else {
                throw LocalClusterError.cannotStart(program: "postgres", reason: "it ended\n\(process.logTail())")
            }
            return try await ManagedProcess.start(check).waitForExit(within: .seconds(10)) == .code(0)
        }
    }

    /// The server's process, if it runs.
    public func runningProcess() -> ManagedProcess? { process.flatMap { $0.isRunning ? $0 : nil } }

    /// Takes over a server that an earlier command started.
    public func adopt(_ process: ManagedProcess) { self.process = process }

    private func signalAll(_ signal: Int32) {
        guard let process, process.isRunning else { return }
        // The postmaster first when stopping, so that it makes no backend meanwhile.
        process.send(signal: signal)
        for backend in Self.children(of: process.pid) where backend.isAlive { _ = Foundation.kill(backend.pid, signal) }
    }

    private static func children(of pid: Int32) -> [ProcessIdentity] {
        let text = (try? String(contentsOfFile: "/proc/\(pid)/task/\(pid)/children", encoding: .utf8)) ?? ""
        return text.split(separator: " ").compactMap { Int32($0) }.compactMap { ProcessIdentity(pid: $0) }
    }

    private static func fitsSocket(_ directory: String) -> Bool {
        // sun_path has 108 bytes; the name in it is .s.PGSQL.PORT.lock at the longest.
        directory.utf8.count + "/.s.PGSQL.65535.lock".utf8.count < 108
    }
}
