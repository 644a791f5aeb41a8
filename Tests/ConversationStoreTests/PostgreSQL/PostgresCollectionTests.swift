import ConversationStore
import PostgresClient
import StoreTestSupport
import SwitchboardCore
import SwitchboardProtocol
import Synchronization
import Testing

/// What a collection and a scan delete beside conversations.
@Suite("PostgreSQL: collection of pairs, pushes and commands, on a real server")
struct PostgresCollectionTests {
    private let media = PairMedia(audio: true, video: false)

    private func withNode(_ body: (PostgresTestbed, StoreClient) async throws -> Void) async throws {
        let testbed = try await PostgresTestbed()
        try await body(testbed, try await testbed.node("a.1"))
        try await testbed.close()
    }

    private func count(_ table: String, _ testbed: PostgresTestbed) async throws -> Int64 {
        try #require(try await testbed.sql("SELECT count(*) FROM \(table)").first).decode(0)
    }

    private func taken(_ number: Int, _ node: StoreClient) async throws -> SampleLog {
        let caller = UserID(trusted: "caller \(number)")
        var log = SampleLog(leader: node, caller: caller.text)
        var append = log.next(node)
        append.pair = .take(PairKey(caller, UserID(trusted: "bob")), media: media)
        log.note(append, try #require(await node.commit([append]).appends.first))
        return log
    }

    @Test("rows of pairs without a live call go, so many at a time; those of live calls stay")
    func pairs() async throws {
        try await withNode { testbed, a in
            for number in 0..<10 { _ = try await taken(number, a) }
            var ended = try await taken(10, a)
            ended.row.isEnded = true
            #expect(await a.commit([ended.next(a)]).appends.first?.day != nil)
            try await testbed.sql("DELETE FROM conversations WHERE ended_at IS NULL")
            let live = try await taken(11, a)
            #expect(try await count("pairs", testbed) == 12)
            #expect(await a.result(of: .collect(endedBefore: .seconds(1000), limit: 2)).isDone)
            #expect((8...11).contains(try await count("pairs", testbed)))
            for _ in 0..<6 {
                #expect(await a.result(of: .collect(endedBefore: .seconds(1000), limit: 100)).isDone)
            }
            let left = try await testbed.sql("SELECT conversation FROM pairs")
            #expect(left.count == 1)
            let id: PostgresUUID = try #require(left.first).decode(0)
            #expect(id == PostgresUUID(high: live.conversation.high, low: live.conversation.low))
        }
    }

    @Test("a pair that is taken over while it is collected stays taken")
    func pairsInRaces() async throws {
        try await withNode { testbed, a in
            let b = try await testbed.node("b.1")
            let end = End()
            async let collected = collect(b, until: end)
            for round in 0..<300 {
                var log = try await taken(0, a)
                #expect(log.born != nil, "round \(round)")
                #expect(try await count("pairs", testbed) == 1, "round \(round)")
                log.row.isEnded = true
                #expect(await a.commit([log.next(a)]).appends.first?.day != nil)
            }
            end.isOver.store(true, ordering: .relaxed)
            #expect(await collected > 10)
        }
    }

    private final class End: Sendable {
        let isOver = Atomic<Bool>(false)
    }

    /// Returns how often it has collected.
    private func collect(_ node: StoreClient, until end: End) async -> Int {
        var count = 0
        while !end.isOver.load(ordering: .relaxed) {
            guard await node.result(of: .collect(endedBefore: .seconds(1000), limit: 100)).isDone else { return 0 }
            count += 1
        }
        return count
    }

    @Test("pushes written a day ago go, whatever became of them, so many at a time")
    func pushes() async throws {
        try await withNode { testbed, a in
            let outbox = try testbed.outbox("a.1")
            let bob = UserID(trusted: "bob")
            for number in 0..<10 {
                let endpoint = PushEndpoint(
                    id: PushEndpointID("\(number)"), user: bob, provider: .fcm, target: "token \(number)",
                    parameters: "{}")
                try await outbox.register(endpoint, maximumPerUser: 10)
            }
            var append = SampleLog(leader: a).next(a)
            append.push = .invite(
                user: bob, caller: UserID(trusted: "alice"), media: media, expiresIn: .seconds(60))
            #expect(await a.commit([append]).batch?.pushes == [append.conversation: 10])
            #expect(await a.result(of: .collect(endedBefore: .zero, limit: 100)).isDone)
            #expect(try await count("push_outbox", testbed) == 10)
            try await testbed.sql("UPDATE push_outbox SET written = now() - interval '25 hours' WHERE number <= 6")
            for left in [6, 4, 4] as [Int64] {
                #expect(await a.result(of: .collect(endedBefore: .zero, limit: 4)).isDone)
                #expect(try await count("push_outbox", testbed) == left)
            }
        }
    }

    @Test("a scan deletes commands to calls that have ended or are unknown, and no other")
    func commands() async throws {
        try await withNode { testbed, a in
            let live = try await taken(0, a)
            var ended = try await taken(1, a)
            ended.row.isEnded = true
            #expect(await a.commit([ended.next(a)]).appends.first?.day != nil)
            for id in [live.conversation, ended.conversation, .random()] {
                try await testbed.sql("INSERT INTO end_commands (conversation, reason) VALUES ('\(id)', 'replaced')")
            }
            let scan = StoreCommand.scanOrphans(
                living: [a.incarnation], slice: 0, slices: 1, grace: .zero, limit: 10)
            #expect(await a.result(of: scan).orphans == [])
            #expect(try await count("end_commands", testbed) == 1)
            try await testbed.sql(
                "UPDATE end_commands SET written = now() - interval '3 seconds', reason = 'unheard_of'")
            #expect(
                await a.result(of: scan).orphans
                    == [Orphan(conversation: live.conversation, leader: a.incarnation, command: .replaced)])
        }
    }
}
