import StoreTestSupport
import SwiftProtobuf
import SwitchboardCore
import SwitchboardProtocol
import Testing

@Suite("store port: reading logs")
struct ReadTests {
    @Test("an unknown conversation is absent", arguments: StoreKind.allCases)
    func absent(kind: StoreKind) async throws {
        try await kind.withTwoNodes { _, a, _ in
            #expect(await a.result(of: .load(.random())).isAbsentLog)
            #expect(await a.result(of: .readLog(.random(), 1...10)).entries?.isEmpty == true)
            #expect(await a.result(of: .probe).isDone)
            #expect(await a.result(of: .terminateSessions(of: Incarnation(trusted: "nobody.1"))).isDone)
        }
    }

    @Test("a load starts at the newest checkpoint, and a range is what it says", arguments: StoreKind.allCases)
    func checkpoint(kind: StoreKind) async throws {
        try await kind.withTwoNodes { _, a, b in
            var log = SampleLog(leader: a)
            for index in 1...12 {
                let append = log.next(a, marker: Double(index), checkpoint: index == 4 || index == 9)
                log.note(append, try #require(await a.commit([append]).appends.first))
            }
            let stored = try #require(await b.result(of: .load(log.conversation)).log)
            #expect(stored.entries.map(\.index) == [9, 10, 11, 12])
            #expect(stored.entries.map(\.entry.timeMs) == [9, 10, 11, 12])
            let range = await b.result(of: .readLog(log.conversation, 3...6)).entries
            #expect(range?.map(\.index) == [3, 4, 5, 6])
            let beyond = await b.result(of: .readLog(log.conversation, 11...100)).entries
            #expect(beyond?.map(\.index) == [11, 12])
            let farthest = await b.result(of: .readLog(log.conversation, 12...UInt32.max)).entries
            #expect(farthest?.map(\.index) == [12])
        }
    }

    @Test("fields of a newer version survive", arguments: StoreKind.allCases)
    func unknownFields(kind: StoreKind) async throws {
        try await kind.withTwoNodes { _, a, b in
            // Field 1000, a string, after the known field 1.
            let bytes: [UInt8] = [0x08, 0x07, 0xc2, 0x3e, 0x02, 0x68, 0x69]
            var append = SampleLog(leader: a).next(a)
            append.entry = try LogEntry(serializedBytes: bytes)
            #expect(await a.commit([append]).appends.first?.day != nil)
            let entry = try #require(await b.result(of: .load(append.conversation)).log?.entries.first?.entry)
            #expect(entry.level == 7)
            #expect(try entry.serializedBytes() == bytes)
        }
    }

    @Test("a confirmation tells whether the log ends there", arguments: StoreKind.allCases)
    func confirmations(kind: StoreKind) async throws {
        try await kind.withTwoNodes { _, a, b in
            var log = SampleLog(leader: a)
            let first = log.next(a)
            log.note(first, try #require(await a.commit([first]).appends.first))
            let atFirst = try #require(log.confirmation)
            #expect(await a.commit([], confirming: [atFirst]).confirmations == [true])

            // Checked before the batch's own append, which then takes effect.
            let second = log.next(a)
            let both = await a.commit([second], confirming: [atFirst])
            #expect(both.confirmations == [true])
            log.note(second, try #require(both.appends.first))
            let atSecond = try #require(log.confirmation)

            var wrongID = atSecond
            wrongID.id.incarnation = b.incarnation
            var wrongDay = atSecond
            wrongDay.born = LogDay(atSecond.born.number - 1)
            var beyond = atSecond
            beyond.index += 1
            var unknown = atSecond
            unknown.conversation = .random()
            let other = SampleLog(leader: a)
            let result = await b.commit(
                [other.next(b)], confirming: [unknown, atFirst, wrongID, atSecond, wrongDay, beyond])
            #expect(result.confirmations == [false, false, false, true, false, false])
            #expect(result.appends.first?.day != nil)
        }
    }
}
