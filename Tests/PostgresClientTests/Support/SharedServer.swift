import LocalCluster

@testable import PostgresClient

/// One server for all tests that leave it as they found it.
actor SharedServer {
    static let shared = SharedServer()

    private var starting: Task<PostgresServer, any Error>?

    /// The server, started by whoever asks first. It ends with the test process.
    func server() async throws -> PostgresServer {
        let task = starting ?? Task { try await startServer() }
        starting = task
        return try await task.value
    }
}

/// A server of one's own, without waiting for the disk.
func startServer(settings: [String: String] = [:]) async throws -> PostgresServer {
    var options = PostgresOptions()
    options.fsync = false
    options.settings = settings.merging(["shared_buffers": "32MB"]) { given, _ in given }
    let server = try PostgresServer(options: options)
    try await server.start()
    return server
}

/// Connects to the shared server.
func connect(
    _ log: EventLog = EventLog(), _ configure: (inout PostgresConfiguration) -> Void = { _ in }
) async throws -> PostgresConnection {
    try await connect(to: SharedServer.shared.server(), log, configure)
}

func connect(
    to server: PostgresServer, _ log: EventLog = EventLog(),
    _ configure: (inout PostgresConfiguration) -> Void = { _ in }
) throws -> PostgresConnection {
    var configuration = try PostgresConfiguration(server.conninfo)
    // Tests hold locks as long as they like, on a machine that may be busy.
    configuration.lockTimeout = .seconds(30)
    configuration.answerTimeLimit = .seconds(30)
    configure(&configuration)
    return try PostgresConnection(configuration, sink: log.sink)
}

/// A table of its own for one test.
func makeTable(_ columns: String, on connection: PostgresConnection) async throws -> String {
    let table = "test_\(UInt64.random(in: .min ... .max))"
    try await connection.query("CREATE TABLE \(table) (\(columns))")
    return table
}
