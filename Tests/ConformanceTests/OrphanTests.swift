import LocalCluster
import StoreTestSupport
import SwitchboardCore
import SwitchboardProtocol
import Testing

@Suite("store port: orphans and retention")
struct OrphanTests {
    private func orphans(
        _ node: StoreClient, living: [StoreClient], slice: Int = 0, of slices: Int = 1, grace: Duration = .zero,
        limit: Int = 1000
    ) async -> [Orphan]? {
        let command = StoreCommand.scanOrphans(
            living: living.map(\.incarnation), slice: slice, slices: slices, grace: grace, limit: limit)
        return await node.result(of: command).orphans
    }

    @Test("conversations of leaders that are gone are found, ended ones are not", arguments: StoreKind.allCases)
    func leaderGone(kind: StoreKind) async throws {
        try await kind.withTwoNodes { _, a, b in
            let mine = (0..<30).map { _ in SampleLog(leader: a) }
            let theirs = (0..<30).map { _ in SampleLog(leader: b) }
            var ended = SampleLog(leader: a)
            ended.row.isEnded = true
            #expect(await a.commit((mine + theirs + [ended]).map { $0.next(a) }).appends.allSatisfy { $0.day != nil })

            #expect(await orphans(b, living: [a, b]) == [])
            let found = try #require(await orphans(b, living: [b]))
            #expect(Set(found) == Set(mine.map { Orphan(conversation: $0.conversation, leader: a.incarnation) }))
            #expect(found.count == 30)
            #expect(await orphans(b, living: [])?.count == 60)
            #expect(await orphans(b, living: [b], limit: 7)?.count == 7)

            var slices: [Orphan] = []
            for slice in 0..<3 {
                let part = try #require(await orphans(b, living: [b], slice: slice, of: 3))
                #expect(part.count < 30)
                slices += part
            }
            #expect(slices.count == 30)
            #expect(Set(slices) == Set(found))
        }
    }

    @Test("conversations whose deadline has passed are found whoever leads", arguments: StoreKind.allCases)
    func deadlinePassed(kind: StoreKind) async throws {
        try await kind.withTwoNodes { _, a, b in
            let due = SampleLog(leader: a, deadline: .zero)
            let later = SampleLog(leader: a, deadline: .seconds(600))
            let never = SampleLog(leader: a)
            #expect(await a.commit([due, later, never].map { $0.next(a) }).appends.count == 3)
            try await waitUntil("the deadline is seen to have passed", within: .seconds(10)) {
                await orphans(b, living: [a, b])?.map(\.conversation) == [due.conversation]
            }
            #expect(await orphans(b, living: [a, b], grace: .seconds(300)) == [])
        }
    }

    @Test("ended conversations are collected after their time, others stay", arguments: StoreKind.allCases)
    func collect(kind: StoreKind) async throws {
        try await kind.withTwoNodes { harness, a, b in
            var ended = SampleLog(leader: a)
            ended.row.isEnded = true
            let live = SampleLog(leader: a)
            #expect(await a.commit([ended.next(a), live.next(a)]).appends.count == 2)
            #expect(await a.result(of: .collect(endedBefore: .seconds(9 * 86_400), limit: 100)).isDone)
            #expect(await b.result(of: .load(ended.conversation)).log?.row.isEnded == true)

            // The day after at the earliest, so that an id used again never meets the older log.
            try await harness.advanceDays(1)
            #expect(await b.result(of: .collect(endedBefore: .zero, limit: 100)).isDone)
            #expect(await b.result(of: .load(ended.conversation)).isAbsentLog)
            #expect(await b.result(of: .load(live.conversation)).log?.entries.count == 1)

            let again = SampleLog(ended.conversation, leader: b).next(b)
            #expect(await b.commit([again]).appends.first?.day != nil)
            #expect(await a.result(of: .load(ended.conversation)).log?.entries.map(\.id) == [again.id])
        }
    }

    @Test("a collection keeps to its limit", arguments: StoreKind.allCases)
    func collectLimit(kind: StoreKind) async throws {
        try await kind.withTwoNodes { harness, a, _ in
            let logs = (0..<10).map { _ in
                var log = SampleLog(leader: a)
                log.row.isEnded = true
                return log
            }
            #expect(await a.commit(logs.map { $0.next(a) }).appends.count == 10)
            try await harness.advanceDays(1)
            for left in [6, 2, 0] {
                #expect(await a.result(of: .collect(endedBefore: .zero, limit: 4)).isDone)
                var found = 0
                for log in logs where await a.result(of: .load(log.conversation)).log != nil { found += 1 }
                #expect(found == left)
            }
        }
    }
}
