import Foundation
import LocalCluster
import Testing

@Suite("PostgresServer (real server)", .timeLimit(.minutes(3)))
struct PostgresServerTests {
    /// Runs SQL through psql; the answer without decoration.
    private func query(_ sql: String, _ conninfo: String, in directory: TemporaryDirectory) async throws -> String {
        let log = directory.file("psql-\(UUID().uuidString).log")
        let command = LaunchCommand("psql", ["-X", "-A", "-t", "-c", sql, conninfo], logFile: log)
        let exit = try await ManagedProcess.start(command).waitForExit(within: .seconds(20))
        let output = LogFile.tail(of: log, lines: 100)
        #expect(exit == .code(0), "\(output)")
        return output
    }

    @Test("What was committed survives a kill, and the role owns its database")
    func killAndRecover() async throws {
        let directory = try TemporaryDirectory()
        let server = try PostgresServer()
        try await server.start()
        _ = try await query("CREATE TABLE kept AS SELECT 42 AS value", server.conninfo, in: directory)
        try await server.kill()
        #expect(await server.runningProcess() == nil)
        try await server.start()
        #expect(try await query("SELECT value FROM kept", server.conninfo, in: directory) == "42")
        try await server.restart()
        #expect(try await query("SELECT value FROM kept", server.conninfo, in: directory) == "42")
        let member = "SELECT pg_has_role('switchboard', 'pg_signal_backend', 'member')"
        #expect(try await query(member, server.superuserConninfo, in: directory) == "t")
        try await server.stop()
    }

    @Test("Options reach the server")
    func options() async throws {
        let directory = try TemporaryDirectory()
        var options = PostgresOptions()
        options.fsync = false
        options.settings = ["max_connections": "17"]
        let server = try PostgresServer(options: options)
        try await server.start()
        #expect(try await query("SHOW fsync", server.conninfo, in: directory) == "off")
        #expect(try await query("SHOW max_connections", server.url, in: directory) == "17")
        try await server.stop()
    }

    @Test("A paused server answers nobody until it is resumed")
    func pause() async throws {
        let server = try PostgresServer()
        try await server.start()
        await server.pause()
        await #expect(throws: LocalClusterError.self) { try await server.waitUntilReady(within: .milliseconds(300)) }
        await server.resume()
        try await server.waitUntilReady(within: .seconds(10))
        try await server.stop()
    }
}
