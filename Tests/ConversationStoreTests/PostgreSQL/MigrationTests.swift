import ConversationStore
import LocalCluster
import PostgresClient
import StoreTestSupport
import SwitchboardCore
import Testing

@Suite("PostgreSQL migrations, on a real server")
struct MigrationTests {
    @Test("many at once apply each step once; again, nothing is left to do")
    func concurrent() async throws {
        let server = try await SharedPostgres.shared.server()
        let schema = await SharedPostgres.shared.freshSchema()
        let reports = try await withThrowingTaskGroup(of: PostgresMigrations.Report.self) { group in
            for _ in 0..<4 {
                group.addTask { try await PostgresMigrations.apply(connectionString: server.conninfo, schema: schema) }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(reports.filter { !$0.applied.isEmpty }.count == 1)
        #expect(Set(reports.map(\.version)).count == 1)
        let again = try await PostgresMigrations.apply(connectionString: server.conninfo, schema: schema)
        #expect(again.applied.isEmpty)
        #expect(again.version == reports.first?.version)
    }

    @Test("a schema that a newer program has extended is left alone and used")
    func newerSchema() async throws {
        let testbed = try await PostgresTestbed()
        try await testbed.sql("INSERT INTO schema_migrations (version, name) VALUES (1000, 'from the future')")
        let report = try await PostgresMigrations.apply(
            connectionString: testbed.server.conninfo, schema: testbed.schema)
        #expect(report.applied.isEmpty)
        #expect(report.version == 1000)
        let a = try await testbed.node("a.1")
        #expect(await a.commit([SampleLog(leader: a).next(a)]).appends.first?.day != nil)
        try await testbed.close()
    }

    @Test("names that could mean something else in SQL are refused")
    func schemaNames() async throws {
        for name in ["", "1st", "Upper", "a;drop", "a b", String(repeating: "x", count: 49)] {
            await #expect(throws: PostgresStoreError.schemaName(name)) {
                try await PostgresMigrations.apply(connectionString: "host=127.0.0.1", schema: name)
            }
        }
        await #expect(throws: PostgresStoreError.self) {
            try await PostgresMigrations.apply(connectionString: "no connection string", schema: "public")
        }
    }

    @Test("partitions are made ahead, kept while anybody needs them, and dropped afterwards")
    func partitions() async throws {
        let testbed = try await PostgresTestbed()
        let a = try await testbed.node("a.1")
        func partitions() async throws -> Int64 {
            let rows = try await testbed.sql(
                "SELECT count(*) FROM pg_inherits WHERE inhparent = 'log'::regclass AND inhrelid <> 'log_default'::regclass"
            )
            return try #require(rows.first).decode(0)
        }
        // Yesterday, today, seven days ahead.
        let atFirst = try await partitions()
        #expect(atFirst == 9)
        var log = SampleLog(leader: a)
        let first = log.next(a)
        log.note(first, try #require(await a.commit([first]).appends.first))

        // Nine more days, and the eight between that no conversation was born in may go, one with each collection.
        try await testbed.advanceDays(9)
        for _ in 0..<12 { #expect(await a.result(of: .collect(endedBefore: .zero, limit: 10)).isDone) }
        // The live conversation's day, and those from yesterday on.
        let withLive = try await partitions()
        #expect(withLive == 1 + 9)
        log.row.isEnded = true
        let last = log.next(a)
        #expect(await a.commit([last]).appends.first?.day != nil)
        #expect(await a.result(of: .collect(endedBefore: .zero, limit: 10)).isDone)
        let atLast = try await partitions()
        #expect(atLast == 9)
        try await testbed.close()
    }

    @Test("a day without a partition is kept in the default one until it is over")
    func defaultPartition() async throws {
        let testbed = try await PostgresTestbed()
        let a = try await testbed.node("a.1")
        // The node makes partitions as soon as it is connected, on the connection that probes: when the second of these is
        // answered, that is over.
        for _ in 0..<2 { #expect(await a.result(of: .probe).isDone) }
        func defaults() async throws -> Int64 {
            try #require(try await testbed.sql("SELECT count(*) FROM log_default").first).decode(0)
        }
        try await testbed.advanceDays(30)
        var log = SampleLog(leader: a)
        log.row.isEnded = true
        let append = log.next(a)
        #expect(await a.commit([append]).appends.first?.day != nil)
        let kept = try await defaults()
        #expect(kept == 1)
        // The day's partition cannot be made any more; the others can.
        #expect(await a.result(of: .collect(endedBefore: .zero, limit: 10)).isDone)
        #expect(await a.result(of: .load(log.conversation)).log?.entries.count == 1)
        try await testbed.advanceDays(2)
        #expect(await a.result(of: .collect(endedBefore: .zero, limit: 10)).isDone)
        #expect(await a.result(of: .load(log.conversation)).isAbsentLog)
        let dropped = try await defaults()
        #expect(dropped == 0)
        try await testbed.close()
    }
}
