import ConversationStore
import LocalCluster
import PostgresClient
import StoreTestSupport
import SwitchboardCore
import SwitchboardProtocol
import Testing

/// What a real server does to a store when things go wrong. Each test has a server of its own.
@Suite("PostgreSQL store under faults, on real servers", .serialized)
struct PostgresFaultTests {
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

    /// A log with one entry.
    private func openedLog(_ node: StoreClient) async throws -> SampleLog {
        var log = SampleLog(leader: node)
        let first = log.next(node)
        log.note(first, try #require(await node.commit([first]).appends.first))
        return log
    }

    /// Another node's transaction that has taken the next index of a log and does not end.
    private func holdIndex(
        of log: SampleLog, as name: String, _ testbed: PostgresTestbed
    ) async throws -> (PostgresConnection, Task<BatchOutcome, any Error>) {
        var configuration = try PostgresConfiguration(testbed.server.conninfo)
        configuration.applicationName = name
        configuration.sessionSettings = ["search_path": testbed.schema]
        let holder = try PostgresConnection(configuration)
        let last = try #require(log.last)
        let insert = PostgresStatement(
            sql: """
                INSERT INTO log (born, conversation, index, incarnation, counter, checkpoint, body)
                SELECT born, conversation, $2, 'old.1', 99, false, '' FROM log WHERE conversation = $1 AND index = $2 - 1
                """,
            PostgresParameters(
                PostgresUUID(high: log.conversation.high, low: log.conversation.low), Int32(last.index + 1)))
        let batch = PostgresBatch.transaction(
            [insert, PostgresStatement(sql: "SELECT pg_sleep(600)")], answerTimeLimit: .seconds(600))
        let task = Task { try await holder.execute(batch) }
        try await waitUntil("the index is held", within: .seconds(20)) {
            try await count(testbed, "application_name = '\(name)' AND wait_event = 'PgSleep'") == 1
        }
        return (holder, task)
    }

    private func count(_ testbed: PostgresTestbed, _ condition: String) async throws -> Int64 {
        let rows = try await testbed.sql("SELECT count(*) FROM pg_stat_activity WHERE \(condition)")
        return try #require(rows.first).decode(0)
    }

    @Test("an index held by a half-sent transaction delays nobody but its claimer, who can free it")
    func halfSentTransaction() async throws {
        try await withServer { _, testbed in
            let b = try await testbed.node("new.1") { $0.barrierLockTimeLimit = .seconds(2) }
            let log = try await openedLog(b)
            let (holder, task) = try await holdIndex(of: log, as: "switchboard:old.1:writer 0", testbed)

            let claim = b.start(.commit(StoreBatch(lane: .barrier, appends: [log.next(b)])))
            try await waitUntil("the claim waits for the lock", within: .seconds(10)) {
                try await count(testbed, "application_name = 'switchboard:new.1:barrier' AND wait_event_type = 'Lock'")
                    == 1
            }
            let others = SampleLog(leader: b)
            #expect(await b.commit([others.next(b)]).appends.first?.day != nil)
            #expect(await b.result(of: .probe).isDone)
            #expect(!claim.isComplete)
            #expect(await claim.value.unavailability?.hasPrefix("lock_timeout") == true)

            #expect(await b.result(of: .terminateSessions(of: Incarnation(trusted: "old.1"))).isDone)
            let outcome = try await task.value
            guard case .unknown = outcome else {
                Issue.record("the holder was not ended: \(outcome)")
                return
            }
            #expect(await b.commit([log.next(b)], lane: .barrier).appends.first?.day != nil)
            #expect(
                await b.result(of: .load(log.conversation)).log?.entries.map(\.id.incarnation.text) == [
                    "new.1", "new.1",
                ])
            await holder.close()
        }
    }

    @Test("the connections of other incarnations are not ended")
    func terminatesOnlyOne() async throws {
        try await withServer { _, testbed in
            let a = try await testbed.node("a.1")
            let b = try await testbed.node("b.1")
            #expect(await b.result(of: .terminateSessions(of: Incarnation(trusted: "a.11"))).isDone)
            #expect(await b.result(of: .terminateSessions(of: Incarnation(trusted: "a."))).isDone)
            #expect(await a.commit([SampleLog(leader: a).next(a)]).appends.first?.day != nil)
            #expect(!a.journal.contains(.lost(.writer(0))))
            #expect(await b.result(of: .terminateSessions(of: a.incarnation)).isDone)
            try await waitUntil("the other node has noticed and is back", within: .seconds(20)) {
                a.journal.contains(.restored(.writer(0))) && a.journal.contains(.restored(.barrier))
            }
            #expect(!b.journal.contains(.lost(.writer(0))))
        }
    }

    @Test("a server killed in mid-flight: unknown, the lane lost before, restored after")
    func killedServer() async throws {
        try await withServer { server, testbed in
            let a = try await testbed.node("a.1") { $0.lockTimeLimit = .seconds(60) }
            let log = try await openedLog(a)
            let (holder, task) = try await holdIndex(of: log, as: "holder", testbed)
            let inFlight = a.start(.commit(StoreBatch(lane: .writer(0), appends: [log.next(a)])))
            let behind = a.start(.commit(StoreBatch(lane: .writer(0), appends: [SampleLog(leader: a).next(a)])))
            try await waitUntil("the append waits", within: .seconds(10)) {
                try await count(testbed, "application_name = 'switchboard:a.1:writer 0' AND wait_event_type = 'Lock'")
                    == 1
            }

            try await server.kill()
            #expect(await inFlight.value.isUnknown)
            #expect(await behind.value.unavailability != nil)
            let lost = try #require(a.journal.firstIndex(of: .lost(.writer(0))))
            #expect(lost < (try #require(a.journal.firstIndex(of: .completed(inFlight.id)))))
            #expect(lost < (try #require(a.journal.firstIndex(of: .completed(behind.id)))))
            #expect(await a.commit([log.next(a)]).unavailability != nil)
            #expect(await a.result(of: .load(log.conversation)).unavailability != nil)

            try await server.start()
            try await waitUntil("all lanes are back", within: .seconds(30)) {
                [.writer(0), .writer(1), .barrier].allSatisfy { a.journal.contains(.restored($0)) }
            }
            let again = a.start(.commit(StoreBatch(lane: .writer(0), appends: [log.next(a)])))
            #expect(await again.value.appends.first?.day != nil)
            let restored = try #require(a.journal.lastIndex(of: .restored(.writer(0))))
            #expect(restored < (try #require(a.journal.firstIndex(of: .completed(again.id)))))
            #expect(a.strayCompletions.isEmpty)
            task.cancel()
            await holder.close()
        }
    }

    @Test("a commit that is not answered in time is unknown")
    func noAnswer() async throws {
        try await withServer { server, testbed in
            let a = try await testbed.node("a.1") { $0.commitTimeLimit = .milliseconds(500) }
            let log = try await openedLog(a)
            await server.pause()
            let result = await a.commit([log.next(a)])
            await server.resume()
            #expect(result.isUnknown)
            try await waitUntil("the lane is back", within: .seconds(30)) { a.journal.contains(.restored(.writer(0))) }
            let found = try #require(await a.result(of: .load(log.conversation)).log)
            // It may have taken effect or not; a leader finds out by its next append.
            var known = log
            known.note(found)
            #expect(await a.commit([known.next(a)], lane: .barrier).appends.first?.day != nil)
        }
    }

    /// A commit whose wait for the standby is cancelled is visible, and not replicated: nobody may be told of it.
    @Test("a ghost is never reported as committed")
    func ghost() async throws {
        try await withServer { _, testbed in
            let a = try await testbed.node("a.1") { $0.commitTimeLimit = .seconds(30) }
            let log = try await openedLog(a)
            try await setStandbys("missing", testbed)
            let pending = a.start(.commit(StoreBatch(lane: .writer(0), appends: [log.next(a)])))
            try await waitUntil("the commit waits for the standby", within: .seconds(10)) {
                try await count(testbed, "wait_event = 'SyncRep'") == 1
            }
            #expect(await a.result(of: .load(log.conversation)).log?.entries.count == 1)
            try await testbed.sql("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")
            #expect(await pending.value.isUnknown)
            #expect(await a.result(of: .load(log.conversation)).log?.entries.count == 2)

            // Nor is a confirmation, which a server that was replaced could otherwise give for ever.
            var seen = log
            seen.note(try #require(await a.result(of: .load(log.conversation)).log))
            let confirmation = try #require(seen.confirmation)
            let confirm = a.start(.commit(StoreBatch(lane: .writer(1), appends: [], confirmations: [confirmation])))
            try await waitUntil("the confirmation waits for the standby", within: .seconds(10)) {
                try await count(testbed, "wait_event = 'SyncRep'") == 1
            }
            // Presence does not wait: it is written anew after a failover.
            let key = PresenceKey(
                address: DeviceAddress(user: UserID(trusted: "bob"), device: DeviceID(trusted: "phone")),
                incarnation: a.incarnation, connection: ConnectionID(1))
            #expect(await a.result(of: .announce([PresenceRow(key: key, counter: 1)])).live?.count == 1)
            #expect(!confirm.isComplete)
            try await setStandbys("", testbed)
            #expect(await confirm.value.confirmations == [true])
        }
    }

    @Test("a server that replicates to nobody is refused unless that is allowed, and used when it has a standby")
    func unreplicated() async throws {
        try await withServer { _, testbed in
            var options = testbed.options("a.1")
            options.allowsUnreplicated = false
            let (a, store) = try testbed.open(options)
            try await waitUntil("the server is refused", within: .seconds(20)) {
                let reason = await a.commit([SampleLog(leader: a).next(a)]).unavailability
                return reason?.contains("synchronous_standby_names is empty") == true
            }
            #expect(await a.result(of: .load(.random())).unavailability != nil)
            #expect(store.problems.contains { $0.contains("synchronous_standby_names is empty") })

            // A name is enough for the check; that nobody answers to it keeps commits waiting.
            try await setStandbys("missing", testbed)
            try await waitUntil("the server is accepted", within: .seconds(20)) {
                await a.result(of: .load(.random())).isAbsentLog
            }
            try await setStandbys("", testbed)
            try await waitUntil("the probe notices that the standby is gone", within: .seconds(20)) {
                await a.result(of: .probe).unavailability?.contains("synchronous_standby_names is empty") == true
            }
        }
    }

    @Test("a schema that is missing is named, and noticed when it has come")
    func schemaMissing() async throws {
        try await withServer { server, testbed in
            var options = testbed.options("a.1")
            options.schema = "not_there_yet"
            let (a, _) = try testbed.open(options)
            try await waitUntil("the server is refused", within: .seconds(20)) {
                await a.result(of: .probe).unavailability?.contains("switchboard migrate") == true
            }
            _ = try await PostgresMigrations.apply(connectionString: server.conninfo, schema: "not_there_yet")
            try await waitUntil("the server is accepted", within: .seconds(20)) {
                await a.commit([SampleLog(leader: a).next(a)]).appends.first?.day != nil
            }
        }
    }

    @Test("a log that cannot be decoded is refused, others are not")
    func undecodable() async throws {
        try await withServer { _, testbed in
            let a = try await testbed.node("a.1")
            let broken = SampleLog(leader: a).next(a)
            let sound = SampleLog(leader: a).next(a)
            #expect(await a.commit([broken, sound]).appends.count == 2)
            try await testbed.sql("UPDATE log SET body = '\\x0aff' WHERE conversation = '\(broken.conversation)'")
            #expect(await a.result(of: .load(broken.conversation)).refusal?.contains("cannot be decoded") == true)
            #expect(await a.result(of: .load(sound.conversation)).log?.entries.count == 1)
        }
    }

    private func setStandbys(_ names: String, _ testbed: PostgresTestbed) async throws {
        try await testbed.sql("ALTER SYSTEM SET synchronous_standby_names = '\(names)'")
        try await testbed.sql("SELECT pg_reload_conf()")
        try await waitUntil("the setting is in force", within: .seconds(10)) {
            let rows = try await testbed.sql("SELECT current_setting('synchronous_standby_names')")
            return try rows.first?.decode(0) == names
        }
    }
}
