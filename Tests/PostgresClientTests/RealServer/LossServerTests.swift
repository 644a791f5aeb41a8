import LocalCluster
import Testing

@testable import PostgresClient

@Suite("Lost and late (real server)", .timeLimit(.minutes(2)))
struct LossServerTests {
    private func waitUntilBlocked(on connection: PostgresConnection, backend: Int32) async throws {
        try await waitUntil("the statement waits", within: .seconds(10)) {
            let rows = try await connection.query(
                "SELECT wait_event_type FROM pg_stat_activity WHERE pid = $1", PostgresParameters(backend))
            return try rows.first?.decodeIfPresent(0) == "Lock"
        }
    }

    @Test("A server killed with batches in flight: unknown, then a new connection and the rest of the story")
    func killed() async throws {
        let server = try await startServer()
        let log = EventLog()
        let connection = try connect(to: server, log) { $0.maximumBatchesInFlight = 2 }
        try await connection.query("CREATE TABLE kept (id int4 PRIMARY KEY)")
        let insert = PreparedStatement("insert", "INSERT INTO kept VALUES ($1)")
        // The second batch waits for a lock that nobody releases, the third is in flight behind it, the fourth waits.
        let blocker = try connect(to: server)
        _ = try await blocker.execute(PostgresBatch([PostgresStatement(sql: "SELECT pg_advisory_lock(7)")]))
        try connection.submit(.transaction([insert.bind(Int32(1))]), id: BatchID(1))
        try await log.waitForOutcomes(1)
        let lock = PostgresStatement(sql: "SELECT pg_advisory_xact_lock(7)")
        try connection.submit(.transaction([insert.bind(Int32(2)), lock]), id: BatchID(2))
        try connection.submit(.transaction([insert.bind(Int32(3))]), id: BatchID(3))
        try connection.submit(.transaction([insert.bind(Int32(4))]), id: BatchID(4))
        let first = try await log.waitForSession()
        try await waitUntilBlocked(on: blocker, backend: first.backendPID)
        try await server.kill()
        try await log.waitForOutcomes(4)

        #expect(log.outcome(of: 1)?.report != nil)
        #expect(log.outcome(of: 2)?.isUnknown == true)
        #expect(log.outcome(of: 3)?.isUnknown == true)
        #expect(log.outcome(of: 4)?.isNotExecuted == true)
        let told = log.events.map { event in
            switch event {
            case .connected: "connected"
            case .disconnected: "disconnected"
            case .connectionAttemptFailed: "failed"
            case .completed(let id, _): "\(id.rawValue)"
            }
        }
        #expect(told.prefix(6) == ["connected", "1", "disconnected", "2", "3", "4"])

        try await server.start()
        let second = try await log.waitForSession(2)
        #expect(second.session == PostgresSessionID(2))
        #expect(second.systemIdentifier == first.systemIdentifier)
        try connection.submit(.transaction([insert.bind(Int32(5))]), id: BatchID(5), for: first.session)
        try connection.submit(.transaction([insert.bind(Int32(6))]), id: BatchID(6), for: second.session)
        try await log.waitForOutcomes(6)
        #expect(log.outcome(of: 5) == .notExecuted(.sessionEnded(first.session)))
        #expect(log.outcome(of: 6)?.report != nil)
        let rows = try await connection.query("SELECT id FROM kept ORDER BY id")
        #expect(try rows.map { try $0.decode(0, as: Int32.self) } == [1, 6])
        await connection.close()
        await blocker.close()
        try await server.stop()
    }

    @Test("A terminated backend: what was in flight is unknown, the reason tells the server's last words")
    func terminated() async throws {
        let log = EventLog()
        let connection = try await connect(log)
        let other = try await connect()
        let session = try await log.waitForSession()
        _ = try await other.execute(PostgresBatch([PostgresStatement(sql: "SELECT pg_advisory_lock(8)")]))
        try connection.submit(.transaction([PostgresStatement(sql: "SELECT pg_advisory_xact_lock(8)")]), id: BatchID(1))
        try await waitUntilBlocked(on: other, backend: session.backendPID)
        try await other.query("SELECT pg_terminate_backend($1)", PostgresParameters(session.backendPID))
        try await log.waitForOutcomes(1)
        guard case .unknown(.connectionLost(let reason)) = log.outcome(of: 1) else { throw Unexpected() }
        #expect(reason.contains("57P01"))
        let next = try await log.waitForSession(2)
        #expect(next.backendPID != session.backendPID)
        // An idle connection that is terminated is noticed too.
        try await other.query("SELECT pg_terminate_backend($1)", PostgresParameters(next.backendPID))
        try await log.waitForSession(3)
        let reasons = log.events.compactMap { if case .disconnected(_, let reason) = $0 { reason } else { nil } }
        #expect(reasons.count == 2)
        #expect(reasons.last?.contains("57P01") == true)
        await connection.close()
        await other.close()
    }

    @Test("A server that falls silent: unknown after the time limit, nothing cancelled, the commit may still happen")
    func silent() async throws {
        let server = try await startServer()
        let log = EventLog()
        let connection = try connect(to: server, log) {
            $0.answerTimeLimit = .milliseconds(500)
            $0.connectTimeLimit = .milliseconds(500)
            $0.queueTimeLimit = .milliseconds(300)
        }
        try await connection.query("CREATE TABLE late (id int4)")
        await server.pause()
        try connection.submit(.transaction([PostgresStatement(sql: "INSERT INTO late VALUES (1)")]), id: BatchID(1))
        try await log.waitForOutcomes(1)
        #expect(log.outcome(of: 1) == .unknown(.noAnswer(within: .milliseconds(500))))
        try connection.submit(PostgresBatch([PostgresStatement(sql: "SELECT 1")]), id: BatchID(2))
        try await log.waitForOutcomes(2)
        guard case .notExecuted(.notConnected) = log.outcome(of: 2) else { throw Unexpected() }
        await server.resume()
        try await log.waitForSession(2)
        // The paused backend found the whole transaction in its socket when it went on.
        try await waitUntil("the late commit shows", within: .seconds(10)) {
            try await connection.query("SELECT 1 FROM late").count == 1
        }
        await connection.close()
        try await server.stop()
    }

    @Test("A lock that is not had in time fails with its SQLSTATE; the batch behind it goes on")
    func lockTimeout() async throws {
        let log = EventLog()
        let connection = try await connect(log) { $0.lockTimeout = .milliseconds(100) }
        let other = try await connect()
        let table = try await makeTable("id int4 PRIMARY KEY", on: other)
        _ = try await other.execute(PostgresBatch([PostgresStatement(sql: "SELECT pg_advisory_lock(9)")]))
        let lock = PostgresStatement(sql: "SELECT pg_advisory_xact_lock(9)")
        try connection.submit(.transaction([lock]), id: BatchID(1))
        try connection.submit(.transaction([PostgresStatement(sql: "INSERT INTO \(table) VALUES (1)")]), id: BatchID(2))
        try await log.waitForOutcomes(2)
        #expect(log.outcome(of: 1)?.failure?.error.sqlState == .lockNotAvailable)
        #expect(log.outcome(of: 1)?.failure?.error.sqlState.isRetryable == true)
        #expect(log.outcome(of: 2)?.report != nil)
        await connection.close()
        await other.close()
    }
}
