import Foundation
import LocalCluster
import Testing

@testable import PostgresClient

@Suite("Connections (real server)", .timeLimit(.minutes(2)))
struct SessionServerTests {
    @Test("A session has the name and the settings that were configured, and knows its server")
    func settings() async throws {
        let log = EventLog()
        let connection = try await connect(log) {
            $0.applicationName = "node-1"
            $0.lockTimeout = .milliseconds(1234)
            $0.sessionSettings = ["work_mem": "8MB"]
        }
        let row = try #require(
            try await connection.query(
                """
                SELECT current_setting('application_name'), current_setting('lock_timeout'),
                       current_setting('idle_in_transaction_session_timeout'), current_setting('work_mem'),
                       current_setting('statement_timeout'), current_setting('client_encoding'), pg_backend_pid(),
                       (SELECT system_identifier FROM pg_control_system())
                """
            ).first)
        #expect(
            try (0..<6).map { try row.decode($0, as: String.self) } == ["node-1", "1234ms", "10s", "8MB", "0", "UTF8"])
        let info = try await log.waitForSession()
        #expect(try row.decode(6) == info.backendPID)
        #expect(try row.decode(7) == info.systemIdentifier)
        #expect(info.timeline == 1)
        #expect(!info.isInRecovery)
        #expect(info.serverVersion >= 150_000)
        #expect(info.session == PostgresSessionID(1))
        await connection.close()
    }

    @Test("The timeline is that of the promotion at once; a standby is found out, or refused")
    func timeline() async throws {
        let server = try await startServer()
        try await server.stop()
        let signal = "\(server.directory)/data/standby.signal"
        #expect(FileManager.default.createFile(atPath: signal, contents: Data()))
        let owner = try FileManager.default.attributesOfItem(atPath: "\(server.directory)/data")[.ownerAccountID] ?? 0
        try FileManager.default.setAttributes([.ownerAccountID: owner], ofItemAtPath: signal)
        try await server.start()

        let wantsPrimary = EventLog()
        let refused = try connect(to: server, wantsPrimary)
        let standbyLog = EventLog()
        let anything = try PostgresConnection(
            PostgresConfiguration(server.superuserConninfo + " target_session_attrs=any"), sink: standbyLog.sink)
        let standby = try await standbyLog.waitForSession()
        #expect(standby.isInRecovery)
        #expect(standby.timeline == 1)
        try await waitUntil("the standby is refused", within: .seconds(10)) {
            wantsPrimary.events.contains { if case .connectionAttemptFailed = $0 { true } else { false } }
        }
        #expect(wantsPrimary.sessions.isEmpty)
        try await anything.query("SELECT pg_promote()", timeLimit: .seconds(30))
        let promoted = try await wantsPrimary.waitForSession()
        #expect(!promoted.isInRecovery)
        #expect(promoted.timeline == 2)
        await refused.close()
        await anything.close()
        try await server.stop()
    }

    @Test("A server that the owner refuses is left for the next host")
    func refusal() async throws {
        let first = try await SharedServer.shared.server()
        let second = try await startServer()
        let chosen = EventLog()
        var configuration = try PostgresConfiguration(
            "host=127.0.0.1,127.0.0.1 port=\(first.port),\(second.port) user=switchboard dbname=switchboard")
        let wanted = "127.0.0.1:\(second.port)"
        configuration.refusalReason = { $0.endpoint == wanted ? nil : "left behind" }
        let connection = try PostgresConnection(configuration, sink: chosen.sink)
        let info = try await chosen.waitForSession()
        #expect(info.endpoint == wanted)
        // The next host is tried without a pause.
        let refused = PostgresEvent.connectionAttemptFailed(
            endpoint: "127.0.0.1:\(first.port)", reason: "left behind", retryIn: .zero)
        #expect(chosen.events.first == refused)
        #expect(try await connection.query("SHOW port")[0].decode(0) == String(second.port))
        await connection.close()
        try await second.stop()
    }

    @Test("Beyond the bound batches are refused at once, and accepted again when outcomes have come")
    func overload() async throws {
        let log = EventLog()
        let connection = try await connect(log) {
            $0.maximumOutstandingBatches = 3
            $0.maximumOutstandingBytes = 1000
        }
        let other = try await connect()
        try await other.query("SELECT pg_advisory_lock(10)")
        let lock = PostgresBatch([PostgresStatement(sql: "SELECT pg_advisory_xact_lock_shared(10)")])
        for id in 1...3 as ClosedRange<UInt64> { try connection.submit(lock, id: BatchID(id)) }
        #expect(throws: SubmitError.overloaded(batches: 3, bytes: 3 * lock.byteCount)) {
            try connection.submit(lock, id: BatchID(4))
        }
        try await other.query("SELECT pg_advisory_unlock(10)")
        try await log.waitForOutcomes(3)
        #expect(log.outcomes.map(\.id) == [1, 2, 3])
        await connection.close()
        await other.close()
    }

    @Test("A batch larger than the bound is accepted alone, and nothing beside it")
    func overloadBytes() async throws {
        let log = EventLog()
        let connection = try await connect(log) { $0.maximumOutstandingBytes = 1000 }
        let other = try await connect()
        try await other.query("SELECT pg_advisory_lock(11)")
        let big = PostgresBatch([
            PostgresStatement(
                sql: "SELECT pg_advisory_xact_lock_shared(11), length($1)",
                PostgresParameters(PostgresBytes(Array(repeating: 0, count: 2000))))
        ])
        try connection.submit(big, id: BatchID(1))
        #expect(throws: SubmitError.overloaded(batches: 1, bytes: big.byteCount)) {
            try connection.submit(PostgresBatch([PostgresStatement(sql: "SELECT 1")]), id: BatchID(2))
        }
        try await other.query("SELECT pg_advisory_unlock(11)")
        try await log.waitForOutcomes(1)
        try connection.submit(big, id: BatchID(3))
        try await log.waitForOutcomes(2)
        await connection.close()
        await other.close()
    }

    @Test("Closing finishes what is in flight; afterwards nothing is accepted and nothing told")
    func closing() async throws {
        let log = EventLog()
        let connection = try await connect(log) { $0.maximumBatchesInFlight = 1 }
        let other = try await connect()
        let session = try await log.waitForSession()
        try await other.query("SELECT pg_advisory_lock(12)")
        let slow = PostgresBatch([PostgresStatement(sql: "SELECT pg_advisory_xact_lock_shared(12)")])
        try connection.submit(slow, id: BatchID(1))
        try connection.submit(slow, id: BatchID(2))
        try await waitUntil("the first is in flight", within: .seconds(10)) {
            let rows = try await other.query(
                "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND pid = $1",
                PostgresParameters(session.backendPID))
            return !rows.isEmpty
        }
        async let closed: Void = connection.close()
        try await waitUntil("closing has begun", within: .seconds(10)) {
            do throws(SubmitError) {
                try connection.submit(slow, id: BatchID(3), for: PostgresSessionID(99))
                return false
            } catch {
                return error == .closed
            }
        }
        try await other.query("SELECT pg_advisory_unlock(12)")
        await closed
        let told = log.events.count
        #expect(log.outcome(of: 1)?.report != nil)
        #expect(log.outcome(of: 2) == .notExecuted(.closed))
        // A second close returns as well.
        await connection.close()
        #expect(log.events.count == told)
        await other.close()
    }

    @Test("A connection that nobody holds any more ends")
    func released() async throws {
        let other = try await connect()
        let log = EventLog()
        var connection: PostgresConnection? = try await connect(log)
        let info = try await log.waitForSession()
        #expect(connection != nil)
        connection = nil
        try await waitUntil("its backend has gone", within: .seconds(10)) {
            try await other.query(
                "SELECT 1 FROM pg_stat_activity WHERE pid = $1", PostgresParameters(info.backendPID)
            ).isEmpty
        }
        await other.close()
    }

    @Test("Passwords show in no reason, whatever the server answers")
    func secrets() async throws {
        let server = try await SharedServer.shared.server()
        let log = EventLog()
        var configuration = try PostgresConfiguration(
            "postgresql://nobody:hunter2pass@127.0.0.1:\(server.port)/switchboard")
        configuration.queueTimeLimit = .milliseconds(200)
        let connection = try PostgresConnection(configuration, sink: log.sink)
        do {
            try await connection.query("SELECT 1")
            Issue.record("there is no such role")
        } catch {
            #expect(!"\(error)".contains("hunter2pass"))
            #expect("\(error)".contains("nobody"), "the reason is told: \(error)")
        }
        #expect(log.events.contains { if case .connectionAttemptFailed = $0 { true } else { false } })
        #expect(!"\(log.events)".contains("hunter2pass"))
        await connection.close()
    }

    @Test("A setting that the server does not know is told, and the attempt is repeated")
    func badSetting() async throws {
        let log = EventLog()
        let connection = try await connect(log) { $0.sessionSettings = ["no_such_setting": "1"] }
        try await waitUntil("two attempts failed", within: .seconds(10)) {
            log.events.count {
                if case .connectionAttemptFailed(_, let reason, _) = $0 {
                    reason.contains("no_such_setting")
                } else {
                    false
                }
            } >= 2
        }
        #expect(log.sessions.isEmpty)
        await connection.close()
    }

    @Test("A COMMIT whose wait for the standby was cancelled is no plain success")
    func cancelledReplicationWait() async throws {
        let server = try await startServer(settings: ["synchronous_standby_names": "missing"])
        let log = EventLog()
        let connection = try connect(to: server, log) { $0.answerTimeLimit = .seconds(30) }
        let other = try PostgresConnection(PostgresConfiguration(server.superuserConninfo))
        let session = try await log.waitForSession()
        try connection.submit(
            .transaction([PostgresStatement(sql: "CREATE TABLE ghost AS SELECT 1 AS id")]), id: BatchID(1))
        try await waitUntil("the commit waits for the standby", within: .seconds(10)) {
            let rows = try await other.query(
                "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND pid = $1",
                PostgresParameters(session.backendPID))
            return !rows.isEmpty
        }
        try await other.query("SELECT pg_cancel_backend($1)", PostgresParameters(session.backendPID))
        try await log.waitForOutcomes(1)
        let report = try #require(log.outcome(of: 1)?.report)
        #expect(report.isReplicationUncertain)
        #expect(report.warnings.first?.sqlState.classCode == "01")
        await connection.close()
        await other.close()
        try await server.stop()
    }
}
