import LocalCluster
import StoreTestSupport
import SwitchboardCore
import SwitchboardProtocol
import Testing

/// "End that call": found by a scan if its leader has not done it.
@Suite("store port: commands to end a call")
struct EndCommandTests {
    private func orphans(_ node: StoreClient, living: [StoreClient], limit: Int = 100) async -> [Orphan]? {
        let command = StoreCommand.scanOrphans(
            living: living.map(\.incarnation), slice: 0, slices: 1, grace: .zero, limit: limit)
        return await node.result(of: command).orphans
    }

    private func begun(_ node: StoreClient) async throws -> SampleLog {
        var log = SampleLog(leader: node)
        let append = log.next(node)
        log.note(append, try #require(await node.commit([append]).appends.first))
        return log
    }

    private func command(_ node: StoreClient, to other: SampleLog, _ reason: EndReason) -> LogAppend {
        var append = SampleLog(leader: node).next(node)
        append.command = EndCommand(conversation: other.conversation, reason: reason)
        return append
    }

    @Test(
        "a command that waits is found after two seconds, and goes with the call's end", arguments: StoreKind.allCases)
    func found(kind: StoreKind) async throws {
        try await kind.withTwoNodes { _, a, b in
            var older = try await begun(a)
            let start = ContinuousClock.now
            #expect(await b.commit([command(b, to: older, .replaced)]).appends.first?.day != nil)
            // The first command counts.
            #expect(await b.commit([command(b, to: older, .cancelled)]).appends.first?.day != nil)
            let expected = Orphan(conversation: older.conversation, leader: a.incarnation, command: .replaced)
            try await waitUntil("the command is found", within: .seconds(10)) {
                await orphans(b, living: [a, b]) == [expected]
            }
            #expect(ContinuousClock.now - start >= .seconds(2))
            // Found for another reason: told as well.
            #expect(await orphans(b, living: [b])?.contains(expected) == true)

            older.row.isEnded = true
            #expect(await a.commit([older.next(a)]).appends.first?.day != nil)
            #expect(await orphans(b, living: [a, b]) == [])
        }
    }

    @Test("a command without effect, and one to a call that has ended, are never found", arguments: StoreKind.allCases)
    func withoutEffect(kind: StoreKind) async throws {
        try await kind.withTwoNodes { _, a, b in
            let older = try await begun(a)
            var clashing = command(b, to: older, .replaced)
            clashing.conversation = older.conversation
            var ended = try await begun(a)
            ended.row.isEnded = true
            #expect(await a.commit([ended.next(a)]).appends.first?.day != nil)
            let unknown = SampleLog(leader: a)
            let results = await b.commit([
                clashing, command(b, to: ended, .replaced), command(b, to: unknown, .replaced),
            ]).appends
            #expect(results.map { $0.day != nil } == [false, true, true])

            // One that is found, so that the others would have been by then.
            let last = try await begun(a)
            #expect(await b.commit([command(b, to: last, .cancelled)]).appends.first?.day != nil)
            try await waitUntil("the last command is found", within: .seconds(10)) {
                await orphans(b, living: [a, b])?.isEmpty == false
            }
            #expect(
                await orphans(b, living: [a, b])
                    == [Orphan(conversation: last.conversation, leader: a.incarnation, command: .cancelled)])
        }
    }

    @Test("command and end in one batch leave nothing to be found", arguments: StoreKind.allCases)
    func sameBatch(kind: StoreKind) async throws {
        try await kind.withTwoNodes { _, a, b in
            var older = try await begun(a)
            older.row.isEnded = true
            #expect(await a.commit([command(a, to: older, .replaced), older.next(a)]).appends.count == 2)
            #expect(await orphans(b, living: [])?.map(\.command) == [nil])
        }
    }
}
