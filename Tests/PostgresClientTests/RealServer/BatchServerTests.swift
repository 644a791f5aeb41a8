import Foundation
import LocalCluster
import Testing

@testable import PostgresClient

@Suite("Batches (real server)", .timeLimit(.minutes(2)))
struct BatchServerTests {
    @Test("Many pipelined batches are executed, and answered, in their order")
    func order() async throws {
        let log = EventLog()
        let connection = try await connect(log)
        let table = try await makeTable("position int8 GENERATED ALWAYS AS IDENTITY, number int4", on: connection)
        let insert = PreparedStatement("insert", "INSERT INTO \(table) (number) VALUES ($1)")
        for number in 0..<1000 {
            try connection.submit(.transaction([insert.bind(Int32(number))]), id: BatchID(UInt64(number)))
        }
        try await log.waitForOutcomes(1000)
        #expect(log.outcomes.map(\.id) == Array(0..<1000))
        #expect(log.outcomes.allSatisfy { $0.outcome.report?.results.count == 3 })
        let rows = try await connection.query("SELECT number FROM \(table) ORDER BY position")
        #expect(try rows.map { try $0.decode(0, as: Int32.self) } == Array(0..<1000))
        await connection.close()
    }

    @Test("An error in a transaction undoes it alone; batches pipelined behind it are executed once, in order")
    func errorInTheMiddle() async throws {
        let log = EventLog()
        let connection = try await connect(log)
        let table = try await makeTable(
            "id int4 PRIMARY KEY, position int8 GENERATED ALWAYS AS IDENTITY", on: connection)
        let insert = PreparedStatement("insert", "INSERT INTO \(table) (id) VALUES ($1)")
        // 100 and 200 fail, for their second row is there already.
        for number in 0..<300 {
            let second = number == 100 || number == 200 ? 0 : number * 2 + 1
            try connection.submit(
                .transaction([insert.bind(Int32(number * 2)), insert.bind(Int32(second))]), id: BatchID(UInt64(number)))
        }
        try await log.waitForOutcomes(300)
        #expect(log.outcomes.map(\.id) == Array(0..<300))
        for (id, outcome) in log.outcomes {
            guard id == 100 || id == 200 else {
                #expect(outcome.report != nil, "batch \(id): \(outcome)")
                continue
            }
            let failure = try #require(outcome.failure)
            #expect(failure.error.sqlState == .uniqueViolation)
            #expect(failure.error.constraint == "\(table)_pkey")
            #expect(failure.failedStatement == 2)
            #expect(failure.settledCount == 0)
            #expect(failure.report.results[3] == .skipped)
        }
        let rows = try await connection.query("SELECT id FROM \(table) ORDER BY position")
        let expected: [Int] = (0..<600).filter { $0 / 2 != 100 && $0 / 2 != 200 }
        #expect(try rows.map { try $0.decode(0, as: Int.self) } == expected)
        await connection.close()
    }

    @Test("A read behind the commit sees the commit, with a snapshot of its own")
    func readBehindCommit() async throws {
        let connection = try await connect()
        let other = try await connect()
        let table = try await makeTable("id int4", on: connection)
        let count = PostgresStatement(sql: "SELECT count(*) FROM \(table)")
        // The transaction waits for a lock that the other side holds until it has committed a row of its own.
        let held = try await other.execute(
            PostgresBatch([PostgresStatement(sql: "SELECT pg_advisory_lock(42)")]))
        #expect(held.report != nil)
        let batch = PostgresBatch.transaction(
            [
                PostgresStatement(sql: "SELECT count(*) FROM \(table)"),
                PostgresStatement(sql: "SELECT pg_advisory_xact_lock(42)"),
                PostgresStatement(sql: "INSERT INTO \(table) VALUES (1)"),
            ], then: [count])
        async let waiting = connection.execute(batch)
        try await waitUntil("the batch waits for the lock", within: .seconds(10)) {
            let rows = try await other.query(
                "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
            return try rows[0].decode(0, as: Int.self) == 1
        }
        try await other.query("INSERT INTO \(table) VALUES (2)")
        try await other.query("SELECT pg_advisory_unlock(42)")
        let report = try #require(try await waiting.report)
        #expect(try report.rows(PostgresBatch.resultIndex(inTransaction: 0))[0].decode(0) == Int64(0))
        #expect(try report.rows(PostgresBatch.resultIndex(behindTransactionOf: 3, 0))[0].decode(0) == Int64(2))
        await connection.close()
        await other.close()
    }

    @Test("A failure behind the commit says that the commit stands")
    func failureBehindCommit() async throws {
        let connection = try await connect()
        let table = try await makeTable("id int4", on: connection)
        let outcome = try await connection.execute(
            .transaction(
                [PostgresStatement(sql: "INSERT INTO \(table) VALUES (1)")],
                then: [PostgresStatement(sql: "SELECT 1 / (SELECT 0)"), PostgresStatement(sql: "SELECT 2")]))
        let failure = try #require(outcome.failure)
        #expect(failure.failedStatement == 3)
        #expect(failure.settledCount == 3)
        #expect(failure.report.results[1].output?.rowCount == 1)
        #expect(failure.report.results[4] == .skipped)
        #expect(try await connection.query("SELECT id FROM \(table)").count == 1)
        await connection.close()
    }

    @Test("Of two transactions in one batch, the failing second leaves the first; an implicit one is all or nothing")
    func severalTransactions() async throws {
        let connection = try await connect()
        let table = try await makeTable("id int4 PRIMARY KEY", on: connection)
        func insert(_ id: Int32) -> PostgresStatement {
            PostgresStatement(sql: "INSERT INTO \(table) VALUES ($1)", PostgresParameters(id))
        }
        let two = try await connection.execute(
            PostgresBatch([.begin, insert(1), .commit, .begin, insert(2), insert(1), .commit]))
        #expect(two.failure?.settledCount == 3)
        #expect(two.failure?.failedStatement == 5)
        let implicit = try await connection.execute(PostgresBatch([insert(3), insert(1)]))
        #expect(implicit.failure?.settledCount == 0)
        // What stands before BEGIN belongs to the transaction.
        let before = try await connection.execute(PostgresBatch([insert(4), .begin, insert(1), .commit]))
        #expect(before.failure?.settledCount == 0)
        #expect(try await connection.query("SELECT id FROM \(table)").map { try $0.decode(0, as: Int.self) } == [1])
        await connection.close()
    }

    @Test("An error at the end of the batch, in no statement, is a failure of the whole")
    func deferredConstraint() async throws {
        let connection = try await connect()
        let table = try await makeTable("id int4 UNIQUE DEFERRABLE INITIALLY DEFERRED", on: connection)
        let insert = PostgresStatement(sql: "INSERT INTO \(table) VALUES (1)")
        let implicit = try #require(try await connection.execute(PostgresBatch([insert, insert])).failure)
        #expect(implicit.error.sqlState == .uniqueViolation)
        #expect(implicit.failedStatement == nil)
        #expect(implicit.settledCount == 0)
        let explicit = try #require(try await connection.execute(.transaction([insert, insert])).failure)
        #expect(explicit.error.sqlState == .uniqueViolation)
        #expect(explicit.failedStatement == 3)
        #expect(explicit.settledCount == 0)
        #expect(try await connection.query("SELECT id FROM \(table)").isEmpty)
        await connection.close()
    }

    @Test("A statement that cannot be parsed fails its batch before anything of it is executed")
    func unparsable() async throws {
        let connection = try await connect()
        let table = try await makeTable("id int4", on: connection)
        let bad = PreparedStatement("bad", "SELECT * FROM does_not_exist WHERE id = $1")
        let outcome = try await connection.execute(
            PostgresBatch([
                .begin, PostgresStatement(sql: "INSERT INTO \(table) VALUES (1)"), .commit, bad.bind(Int32(1)),
            ]))
        let failure = try #require(outcome.failure)
        #expect(failure.error.sqlState == SQLState(rawValue: "42P01"))
        #expect(failure.failedStatement == 3)
        #expect(failure.settledCount == 0)
        #expect(try await connection.query("SELECT * FROM \(table)").isEmpty)
        await connection.close()
    }

    @Test("A prepared statement whose table changed fails once and then works again")
    func changedTable() async throws {
        let connection = try await connect()
        let table = try await makeTable("id int4", on: connection)
        let select = PreparedStatement("select", "SELECT * FROM \(table)")
        #expect(try await connection.execute(PostgresBatch([select.bind()])).report != nil)
        try await connection.query("ALTER TABLE \(table) ADD COLUMN name text")
        #expect(
            try await connection.execute(PostgresBatch([select.bind()])).failure?.error.sqlState == .featureNotSupported
        )
        #expect(try await connection.execute(PostgresBatch([select.bind()])).report?.rows(0).columns.count == 2)
        await connection.close()
    }

    @Test("20 MB in both directions, several batches at once, without a deadlock", arguments: [nil, "require"])
    func bigBatches(tls: String?) async throws {
        let log = EventLog()
        let directory = try TemporaryDirectory()
        let server = try await tls == nil ? SharedServer.shared.server() : startServerWithTLS(in: directory)
        var configuration = try PostgresConfiguration(server.conninfo + (tls.map { " sslmode=\($0)" } ?? ""))
        configuration.maximumOutstandingBytes = 200 * 1024 * 1024
        configuration.answerTimeLimit = .seconds(60)
        let connection = try PostgresConnection(configuration, sink: log.sink)
        let megabyte = [UInt8](unsafeUninitializedCapacity: 1 << 20) { buffer, count in
            for index in 0..<(1 << 20) { buffer[index] = UInt8(truncatingIfNeeded: index &* 31 >> 3) }
            count = 1 << 20
        }
        var body = PostgresBytes([])
        for _ in 0..<20 { body.bytes += megabyte }
        // The answers to the first statements fill the sockets while the later ones are still being sent.
        let echo = PreparedStatement("echo", "SELECT $1::bytea")
        for id in 0..<3 as Range<UInt64> {
            try connection.submit(PostgresBatch([echo.bind(body)]), id: BatchID(id))
        }
        try connection.submit(
            PostgresBatch(Array(repeating: echo.bind(PostgresBytes(megabyte)), count: 20)), id: BatchID(3))
        try await log.waitForOutcomes(4, within: .seconds(60))
        for id in 0..<3 as Range<UInt64> {
            let report = try #require(log.outcome(of: id)?.report)
            #expect(try report.rows(0)[0].decode(0, as: PostgresBytes.self).bytes == body.bytes)
        }
        let report = try #require(log.outcome(of: 3)?.report)
        #expect(report.results.count == 20)
        #expect(try report.rows(19)[0].decode(0, as: PostgresBytes.self).bytes == megabyte)
        await connection.close()
    }

    private func startServerWithTLS(in directory: TemporaryDirectory) async throws -> PostgresServer {
        var options = PostgresOptions()
        options.fsync = false
        let plain = try PostgresServer(directory: directory.path, options: options)
        // Makes the data directory.
        try await plain.start()
        try await plain.stop()
        let data = directory.file("data")
        let command = LaunchCommand(
            "openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                "-subj", "/CN=localhost", "-keyout", "\(data)/server.key", "-out", "\(data)/server.crt",
            ], logFile: directory.file("openssl.log"))
        let exit = try await ManagedProcess.start(command).waitForExit(within: .seconds(30))
        #expect(exit == .code(0))
        let owner = try FileManager.default.attributesOfItem(atPath: data)[.ownerAccountID] ?? 0
        for file in ["server.key", "server.crt"] {
            try FileManager.default.setAttributes(
                [.ownerAccountID: owner, .posixPermissions: 0o600], ofItemAtPath: "\(data)/\(file)")
        }
        options.settings["ssl"] = "on"
        let server = try PostgresServer(directory: directory.path, port: plain.port, options: options)
        try await server.start()
        return server
    }
}
