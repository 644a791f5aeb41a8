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
public final class PostgresServer: Sendable {
    /// Port on 127.0.0.1.
    public let port: Int
    /// Directory of the server's files: `data`, `log`, and its Unix socket.
    public let directory: String
    /// How it runs.
    public let options: PostgresOptions

    /// What runs it.
    let runner: ServiceRunner
    private let temporary: TemporaryDirectory?

    /// Lays out a server; nothing runs yet, unless an earlier command left it running in this directory.
    ///
    /// - Parameters:
    ///   - directory: Where to keep its files; a temporary directory that goes away with the value if `nil`.
    ///   - port: Port to listen on; a free one if `nil`.
    /// - Throws: ``LocalClusterError/missingProgram(name:package:)`` if PostgreSQL is not installed.
    public init(directory: String? = nil, port: Int? = nil, options: PostgresOptions = PostgresOptions()) throws {
        let installation = try PostgresInstallation.find()
        let temporary = directory == nil ? try TemporaryDirectory(label: "pg") : nil
        self.temporary = temporary
        self.directory = directory ?? temporary?.path ?? ""
        self.port = try port ?? FreePorts.one()
        self.options = options
        runner = ServiceRunner(
            PostgresService(
                directory: self.directory, port: self.port, options: options, installation: installation))
    }

    /// Connection string of the cluster's role and database, for libpq.
    public var conninfo: String {
        "host=127.0.0.1 port=\(port) user=\(options.database) dbname=\(options.database)"
    }

    /// Connection string of the superuser, to look at and to interfere with what the cluster's role does.
    public var superuserConninfo: String {
        "host=127.0.0.1 port=\(port) user=postgres dbname=\(options.database)"
    }

    /// ``conninfo`` as a URL.
    public var url: String { "postgresql://\(options.database)@127.0.0.1:\(port)/\(options.database)" }

    /// Starts it, making its data directory if there is none, and returns when it accepts connections.
    ///
    /// After ``kill()`` this includes the recovery from its write-ahead log.
    public func start(within limit: Duration = .seconds(60)) async throws {
        try await runner.launch()
        try await waitUntilReady(within: limit)
    }

    /// Ends it in an orderly way ("fast": open transactions are rolled back). Its data stays.
    public func stop() async throws { try await runner.stop() }

    /// Kills the server and its backends (`kill -9`), as a power cut would, and waits until they have gone.
    public func kill() async throws { try await runner.kill() }

    /// ``stop()`` and ``start(within:)``.
    public func restart() async throws {
        try await stop()
        try await start()
    }

    /// Stops the server and all its backends where they stand (SIGSTOP): connections stay open, nothing answers.
    public func pause() async { await runner.pause() }

    /// Lets them go on (SIGCONT).
    public func resume() async { await runner.resume() }

    /// Waits until it accepts connections.
    public func waitUntilReady(within limit: Duration = .seconds(60)) async throws {
        try await runner.waitUntilReady(within: limit)
    }

    /// The server's process, if it runs.
    public func runningProcess() async -> ManagedProcess? { await runner.running }
}
