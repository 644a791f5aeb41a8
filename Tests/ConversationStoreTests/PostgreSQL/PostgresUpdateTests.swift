import LocalCluster
import PostgresClient
import StoreTestSupport
import SwitchboardCore
import SwitchboardProtocol
import Testing

@testable import ConversationStore

/// A database that nodes of the first release have used, and may be using still.
@Suite("PostgreSQL schema of the first release, on a real server")
struct PostgresUpdateTests {
    /// A testbed whose schema is made anew as the first release made it.
    private func withFirstRelease(_ body: (PostgresTestbed) async throws -> Void) async throws {
        let testbed = try await PostgresTestbed()
        try await testbed.sql("DROP SCHEMA \(testbed.schema) CASCADE")
        // As the role of the nodes, who own what they make.
        var configuration = try PostgresConfiguration(testbed.server.conninfo)
        configuration.sessionSettings = ["search_path": testbed.schema]
        let owner = try PostgresConnection(configuration)
        try await owner.query("CREATE SCHEMA \(testbed.schema)")
        try await owner.query(
            """
            CREATE TABLE schema_migrations (version integer PRIMARY KEY, name text NOT NULL,
                applied timestamptz NOT NULL DEFAULT now())
            """)
        for statement in PostgresMigration.conversationLogs.statements { try await owner.query(statement) }
        try await owner.query("INSERT INTO schema_migrations (version, name) VALUES (1, 'first')")
        await owner.close()
        try await body(testbed)
        try await testbed.close()
    }

    private func level(_ testbed: PostgresTestbed) async throws -> UInt32 {
        try await PostgresFeatureLevel.read(connectionString: testbed.server.conninfo, schema: testbed.schema)
    }

    @Test("an update keeps the feature level at the first, whether there were conversations or not")
    func level() async throws {
        try await withFirstRelease { testbed in
            await #expect(throws: PostgresStoreError.self) { try await level(testbed) }
            let report = try await PostgresMigrations.apply(
                connectionString: testbed.server.conninfo, schema: testbed.schema)
            #expect(report.applied == [PostgresMigration.calls.name])
            #expect(try await level(testbed) == FeatureLevel.first)
            let a = try await testbed.node("a.1")
            #expect(await a.result(of: .readFeatureLevel).featureLevel == FeatureLevel.first)

            let conninfo = testbed.server.conninfo
            #expect(
                try await PostgresFeatureLevel.raise(to: 2, connectionString: conninfo, schema: testbed.schema))
            #expect(
                try await !PostgresFeatureLevel.raise(to: 2, connectionString: conninfo, schema: testbed.schema))
            #expect(
                try await !PostgresFeatureLevel.raise(to: 1, connectionString: conninfo, schema: testbed.schema))
            #expect(await a.result(of: .readFeatureLevel).featureLevel == 2)
            // Starting again changes nothing about it.
            _ = try await PostgresMigrations.apply(connectionString: conninfo, schema: testbed.schema)
            #expect(await a.result(of: .readFeatureLevel).featureLevel == 2)
        }
    }

    @Test("a log that the first release began goes on, and nodes of both releases write it")
    func logs() async throws {
        try await withFirstRelease { testbed in
            let conversation = ConversationID.random()
            func appendAsFirstRelease(_ index: Int, after counter: String) async throws {
                let lists = "'{}', '{}', '{}', '{}', '{}'"
                try await testbed.sql(
                    """
                    SELECT * FROM commit_batch_v1('{\(conversation)}', '{\(index)}', '{old.1}', '{\(index)}',
                        \(counter == "" ? "'{NULL}', '{NULL}'" : "'{\(counter)}', '{\(index - 1)}'"),
                        ARRAY[log_day() - date '1970-01-01'], '{false}', ARRAY[''::bytea], '{alice}', '{bob}', '{old.1}',
                        '{1}', '{false}', '{NULL}', \(lists))
                    """)
            }
            try await appendAsFirstRelease(1, after: "")
            _ = try await PostgresMigrations.apply(connectionString: testbed.server.conninfo, schema: testbed.schema)
            let a = try await testbed.node("a.1")
            var log = SampleLog(conversation, leader: a)
            log.note(try #require(await a.result(of: .load(conversation)).log))
            let second = log.next(a)
            log.note(second, try #require(await a.commit([second]).appends.first))
            #expect(log.last?.index == 2)
            // The counter of the other release's entry is its index; it must name the right predecessor.
            try await testbed.sql("UPDATE log SET incarnation = 'old.1', counter = 2 WHERE index = 2")
            try await appendAsFirstRelease(3, after: "old.1")
            #expect(await a.result(of: .load(conversation)).log?.entries.map(\.index) == [1, 2, 3])
        }
    }
}
