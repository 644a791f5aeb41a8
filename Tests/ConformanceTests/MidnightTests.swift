import StoreTestSupport
import SwitchboardCore
import SwitchboardProtocol
import Testing

/// A conversation's day is fixed with its first entry: with a day from a clock the same index could be taken twice.
@Suite("store port: across midnight")
struct MidnightTests {
    @Test("a log goes on under the day of its first entry", arguments: StoreKind.allCases)
    func dayIsFixed(kind: StoreKind) async throws {
        try await kind.withTwoNodes { harness, a, b in
            var log = SampleLog(leader: a)
            let first = log.next(a, marker: 1)
            log.note(first, try #require(await a.commit([first]).appends.first))
            let born = try #require(log.born)

            try await harness.advanceDays(1)
            let second = log.next(a, marker: 2)
            log.note(second, try #require(await a.commit([second]).appends.first))
            #expect(log.born == born)

            // Another leader that knows nothing yet: the first place is taken, on whatever day it asks.
            let ignorant = SampleLog(log.conversation, leader: b)
            #expect(await b.commit([ignorant.next(b, marker: 3)]).appends == [.clash])
            let stored = try #require(await b.result(of: .load(log.conversation)).log)
            #expect(stored.born == born)
            #expect(stored.entries.map(\.entry.timeMs) == [1, 2])

            // One that takes today for its day.
            var mistaken = log
            mistaken.born = LogDay(born.number + 1)
            #expect(await b.commit([mistaken.next(b, marker: 4)]).appends == [.clash])
            let confirmation = try #require(log.confirmation)
            #expect(await b.commit([], confirming: [confirmation]).confirmations == [true])

            let young = SampleLog(leader: a).next(a)
            #expect(await a.commit([young]).appends.first?.day == LogDay(born.number + 1))
        }
    }

    @Test("days without a prepared place for them are taken too", arguments: StoreKind.allCases)
    func farAhead(kind: StoreKind) async throws {
        try await kind.withTwoNodes { harness, a, _ in
            var log = SampleLog(leader: a)
            try await harness.advanceDays(400)
            for marker in 1...3 {
                let append = log.next(a, marker: Double(marker))
                log.note(append, try #require(await a.commit([append]).appends.first))
            }
            #expect(await a.result(of: .load(log.conversation)).log?.entries.count == 3)
        }
    }
}
