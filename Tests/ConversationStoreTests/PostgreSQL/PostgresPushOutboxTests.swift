import ConversationStore
import LocalCluster
import PostgresClient
import StoreTestSupport
import SwitchboardCore
import SwitchboardProtocol
import Testing

/// What only a real server does to a push outbox; its rules are in the conformance suite.
@Suite("PostgreSQL push outbox under faults, on real servers", .serialized)
struct PostgresPushOutboxTests {
    private let bob = UserID(trusted: "bob")

    private func withServer(_ body: (PostgresServer, PostgresTestbed) async throws -> Void) async throws {
        var options = PostgresOptions()
        options.fsync = false
        let server = try PostgresServer(options: options)
        try await server.start()
        let testbed = try await PostgresTestbed(server: server)
        try await body(server, testbed)
        try await testbed.close()
        try await server.stop()
    }

    private func endpoint(_ name: String) -> PushEndpoint {
        PushEndpoint(
            id: PushEndpointID(name), user: bob, provider: .webhook, target: name, parameters: "{}")
    }

    @Test("a server that goes and comes: unavailable, then as before")
    func restart() async throws {
        try await withServer { server, testbed in
            let outbox = try testbed.outbox("a.1")
            try await outbox.register(endpoint("phone"), maximumPerUser: 5)
            try await server.kill()
            await #expect(throws: PushOutboxError.self) { try await outbox.endpoints(of: bob) }
            try await server.restart()
            try await waitUntil("the outbox is back", within: .seconds(30)) {
                (try? await outbox.endpoints(of: bob)) == [endpoint("phone")]
            }
        }
    }

    @Test("a claim does not wait for a commit that has a call's pushes in hand")
    func claimDuringCommit() async throws {
        try await withServer { _, testbed in
            let outbox = try testbed.outbox("a.1")
            let a = try await testbed.node("a.1")
            try await outbox.register(endpoint("phone"), maximumPerUser: 5)
            for _ in 0..<2 {
                var append = SampleLog(leader: a).next(a)
                append.push = .invite(
                    user: bob, caller: UserID(trusted: "alice"), media: PairMedia(audio: true, video: false),
                    expiresIn: .seconds(60))
                #expect(await a.commit([append]).appends.first?.day != nil)
            }
            // Held as by a cancel that has not committed yet.
            let holder = try testbed.connect()
            let held = Task {
                try await holder.execute(
                    .transaction(
                        [
                            .init(sql: "SELECT FROM push_outbox WHERE number = 1 FOR UPDATE"),
                            .init(sql: "SELECT pg_sleep(600)"),
                        ], answerTimeLimit: .seconds(600)))
            }
            try await waitUntil("the row is held", within: .seconds(20)) {
                let rows = try await testbed.sql("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'")
                return try rows.first?.decode(0, as: Int64.self) == 1
            }
            #expect(try await outbox.claim(limit: 10, lease: .seconds(30), by: a.incarnation).map(\.number) == [2])
            try await testbed.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'")
            _ = try await held.value
            await holder.close()
            try await waitUntil("the row is free", within: .seconds(20)) {
                try await outbox.claim(limit: 10, lease: .seconds(30), by: a.incarnation).map(\.number) == [1]
            }
        }
    }

    @Test("what the server refuses for its data is said, and does no harm to what follows")
    func badData() async throws {
        try await withServer { _, testbed in
            let outbox = try testbed.outbox("a.1")
            await #expect(throws: PushOutboxError.self) {
                try await outbox.register(endpoint("nul\0"), maximumPerUser: 5)
            }
            try await outbox.register(endpoint("phone"), maximumPerUser: 5)
            #expect(try await outbox.endpoints(of: bob) == [endpoint("phone")])
        }
    }
}
