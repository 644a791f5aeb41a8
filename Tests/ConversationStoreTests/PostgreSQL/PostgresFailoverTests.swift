import ConversationStore
import Foundation
import LocalCluster
import PostgresClient
import StoreTestSupport
import SwitchboardCore
import SwitchboardProtocol
import Testing

/// A primary and its standby, and a store that must tell them apart.
@Suite("PostgreSQL store across a failover, on real servers", .serialized)
struct PostgresFailoverTests {
    private struct Pair {
        let home: TemporaryDirectory
        let old: PostgresServer
        let new: PostgresServer
        let testbed: PostgresTestbed

        /// Both servers, as a node is configured.
        var conninfo: String {
            "host=127.0.0.1,127.0.0.1 port=\(old.port),\(new.port) user=\(old.options.database) "
                + "dbname=\(old.options.database) target_session_attrs=read-write"
        }

        /// A statement on one of the servers, as superuser.
        func sql(_ text: String, on server: PostgresServer, settings: String = "") async throws -> PostgresRows {
            let configuration = try PostgresConfiguration("\(server.superuserConninfo) \(settings)")
            let connection = try PostgresConnection(configuration)
            let rows = try await connection.query(text)
            await connection.close()
            return rows
        }

        func standbySQL(_ text: String) async throws -> PostgresRows {
            try await sql(text, on: new, settings: "target_session_attrs=any")
        }

        /// The old primary keeps the connections that it has, and takes no others.
        func refuseConnectionsToOld() async throws {
            let statement = "ALTER DATABASE \(old.options.database) ALLOW_CONNECTIONS false"
            // From another database, for it must not be the present one.
            _ = try await sql(statement, on: old, settings: "dbname=postgres")
        }

        /// Makes the standby a primary, on a higher timeline; the old one goes on.
        func promote() async throws {
            let position: Int64 = try #require(
                try await sql("SELECT (pg_current_wal_lsn() - '0/0')::bigint", on: old).first
            ).decode(0)
            try await waitUntil("the standby has caught up", within: .seconds(30)) {
                let seen = try await standbySQL("SELECT (pg_last_wal_replay_lsn() - '0/0')::bigint").first
                return try seen?.decode(0, as: Int64.self) ?? 0 >= position
            }
            _ = try await standbySQL("SELECT pg_promote()")
        }
    }

    private func withPair(_ body: (Pair) async throws -> Void) async throws {
        var options = PostgresOptions()
        options.fsync = false
        let home = try TemporaryDirectory(label: "pg-pair")
        let old = try PostgresServer(options: options)
        try await old.start()
        let testbed = try await PostgresTestbed(server: old)
        // A copy that follows it. PostgreSQL does not run as root, so neither does what makes its files.
        let user = geteuid() == 0 ? "postgres" : nil
        let directory = home.file("standby")
        try await run("mkdir", [directory], home)
        if let user { try await run("chown", [user, directory], home) }
        try await run(
            "pg_basebackup",
            [
                "--pgdata=\(directory)/data", "--write-recovery-conf", "--checkpoint=fast", "--no-sync",
                "--dbname=host=127.0.0.1 port=\(old.port) user=postgres",
            ], home, user: user)
        let new = try PostgresServer(directory: directory, options: options)
        try await new.start()

        try await body(Pair(home: home, old: old, new: new, testbed: testbed))
        try await testbed.close()
        try await old.stop()
        try await new.stop()
    }

    private func run(_ program: String, _ arguments: [String], _ home: TemporaryDirectory, user: String? = nil)
        async throws
    {
        let command = LaunchCommand(program, arguments, logFile: home.file("\(program).log"), user: user)
        let process = try await ManagedProcess.start(command)
        let exit = try await process.waitForExit(within: .seconds(60))
        try #require(exit == .code(0), "\(program): \(process.logTail())")
    }

    private let lanes: [StoreLane] = [.writer(0), .writer(1), .barrier]

    @Test("all connections leave a primary that was replaced, though it still answers")
    func splitBrain() async throws {
        try await withPair { pair in
            var options = pair.testbed.options("a.1")
            options.connectionString = pair.conninfo
            let (a, store) = try pair.testbed.open(options)
            try await waitUntil("the store is ready", within: .seconds(30)) { store.problems.isEmpty }
            var log = SampleLog(leader: a)
            let first = log.next(a)
            log.note(first, try #require(await a.commit([first]).appends.first))

            // The old primary lives on and keeps its connections; one of them has to be made anew.
            try await pair.promote()
            try await pair.refuseConnectionsToOld()
            try await pair.testbed.sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'switchboard:a.1:writer 1'"
            )
            try await waitUntil("all lanes are back", within: .seconds(30)) {
                lanes.allSatisfy { a.journal.contains(.restored($0)) } && store.problems.isEmpty
            }
            let second = log.next(a, marker: 2)
            log.note(second, try #require(await a.commit([second], lane: .barrier).appends.first))
            let rows = try await pair.sql(
                "SELECT count(*) FROM \(pair.testbed.schema).log WHERE conversation = '\(log.conversation)'",
                on: pair.new)
            #expect(try rows.first?.decode(0) == 2 as Int64)
        }
    }

    @Test("a server that was left behind is not written when it comes back")
    func leftBehind() async throws {
        try await withPair { pair in
            var options = pair.testbed.options("a.1")
            options.connectionString = pair.conninfo
            let (a, store) = try pair.testbed.open(options)
            try await waitUntil("the store is ready", within: .seconds(30)) { store.problems.isEmpty }
            var log = SampleLog(leader: a)
            let first = log.next(a)
            log.note(first, try #require(await a.commit([first]).appends.first))

            try await pair.promote()
            try await pair.old.kill()
            try await waitUntil("all lanes are on the new primary", within: .seconds(30)) {
                lanes.allSatisfy { a.journal.contains(.restored($0)) } && store.problems.isEmpty
            }
            let second = log.next(a, marker: 2)
            log.note(second, try #require(await a.commit([second]).appends.first))

            try await pair.new.kill()
            try await pair.old.start()
            try await waitUntil("the old primary is refused", within: .seconds(30)) {
                store.problems.contains { $0.contains("on timeline 1, a server on timeline 2 was seen") }
            }
            #expect(await a.commit([log.next(a)]).unavailability != nil)
            #expect(await a.result(of: .load(log.conversation)).unavailability != nil)

            try await pair.new.start()
            try await waitUntil("the new primary is used again", within: .seconds(30)) { store.problems.isEmpty }
            let stored = try #require(await a.result(of: .load(log.conversation)).log)
            #expect(stored.entries.map(\.id) == [first.id, second.id])
        }
    }
}
