public import LocalCluster
import PostgresClient

/// One PostgreSQL server for all tests of a process, which keep apart by schemas.
public actor SharedPostgres {
    public static let shared = SharedPostgres()

    private var starting: Task<PostgresServer, any Error>?
    private var schemas = 0

    /// The server, started at the first call.
    public func server() async throws -> PostgresServer {
        let task =
            starting
            ?? Task {
                var options = PostgresOptions()
                // Nothing here survives the process anyway.
                options.fsync = false
                options.settings = ["max_connections": "200"]
                let server = try PostgresServer(options: options)
                try await server.start()
                return server
            }
        starting = task
        return try await task.value
    }

    /// A name that no other test of this process has.
    public func freshSchema() -> String {
        schemas += 1
        return "test_\(schemas)"
    }
}
