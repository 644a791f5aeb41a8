import StoreTestSupport
import SwitchboardCore
import SwitchboardProtocol
import Testing

@Suite("store port: appends")
struct AppendTests {
    @Test("a log grows densely and is read back as it was written", arguments: StoreKind.allCases)
    func growsDensely(kind: StoreKind) async throws {
        try await kind.withTwoNodes { _, a, b in
            var log = SampleLog(leader: a)
            for marker in 1...5 {
                let append = log.next(a, marker: Double(marker))
                let result = await a.commit([append])
                let outcome = try #require(result.appends.first)
                let day = try #require(outcome.day)
                #expect(log.born == nil || log.born == day)
                log.note(append, outcome)
            }
            let stored = try #require(await b.result(of: .load(log.conversation)).log)
            #expect(stored.entries.map(\.index) == [1, 2, 3, 4, 5])
            #expect(stored.entries.map(\.entry.timeMs) == [1, 2, 3, 4, 5])
            #expect(stored.entries.last?.id == log.last?.id)
            #expect(stored.born == log.born)
            #expect(stored.row == log.row)
            #expect(stored.entries.allSatisfy { $0.age >= .zero && $0.age < .seconds(60) })
        }
    }

    @Test("an append is refused a place that is taken, and changes nothing", arguments: StoreKind.allCases)
    func takenIndex(kind: StoreKind) async throws {
        try await kind.withTwoNodes { _, a, b in
            var mine = SampleLog(leader: a)
            let first = mine.next(a, marker: 1)
            mine.note(first, try #require(await a.commit([first]).appends.first))
            var theirs = mine
            theirs.row.leader = b.incarnation
            theirs.row.isEnded = true
            let second = mine.next(a, marker: 2)
            mine.note(second, try #require(await a.commit([second]).appends.first))

            #expect(await b.commit([theirs.next(b, marker: 3)]).appends == [.clash])
            let other = SampleLog(mine.conversation, leader: b, caller: "mallory")
            #expect(await b.commit([other.next(b, marker: 4)]).appends == [.clash])

            let stored = try #require(await b.result(of: .load(mine.conversation)).log)
            #expect(stored.entries.map(\.entry.timeMs) == [1, 2])
            #expect(stored.row == mine.row)
        }
    }

    @Test("an append needs the predecessor that it names", arguments: StoreKind.allCases)
    func wrongPredecessor(kind: StoreKind) async throws {
        try await kind.withTwoNodes { _, a, b in
            var log = SampleLog(leader: a)
            let first = log.next(a)
            log.note(first, try #require(await a.commit([first]).appends.first))

            var wrongCounter = log.next(a)
            wrongCounter.predecessor?.counter += 1
            var wrongIncarnation = log.next(a)
            wrongIncarnation.predecessor?.incarnation = b.incarnation
            var none = log.next(a)
            none.predecessor = nil
            var gap = log.next(a)
            gap.index += 1
            var unfounded = SampleLog(leader: a).next(a)
            unfounded.predecessor = first.id
            var unheardOf = log.next(a)
            unheardOf.conversation = .random()
            for append in [wrongCounter, wrongIncarnation, none, gap, unfounded, unheardOf] {
                #expect(await a.commit([append]).appends == [.clash])
            }
            #expect(await a.result(of: .load(log.conversation)).log?.entries.count == 1)
            #expect(await a.result(of: .load(unfounded.conversation)).isAbsentLog)
            #expect(await a.result(of: .load(unheardOf.conversation)).isAbsentLog)
        }
    }

    @Test("an append sent again clashes, and finds its own id in the log", arguments: StoreKind.allCases)
    func ownIDRecognised(kind: StoreKind) async throws {
        try await kind.withTwoNodes { _, a, _ in
            let append = SampleLog(leader: a).next(a)
            #expect(await a.commit([append]).appends.first?.day != nil)
            #expect(await a.commit([append]).appends == [.clash])
            #expect(await a.result(of: .load(append.conversation)).log?.entries.map(\.id) == [append.id])
        }
    }

    @Test("ids keep all their bits", arguments: StoreKind.allCases)
    func largeNumbers(kind: StoreKind) async throws {
        try await kind.withTwoNodes { _, a, _ in
            let conversation = ConversationID(high: .max, low: .max - 1)
            var log = SampleLog(conversation, leader: a)
            var append = log.next(a)
            append.id.counter = .max
            log.note(append, try #require(await a.commit([append]).appends.first))
            #expect(await a.result(of: .load(conversation)).log?.entries.first?.id.counter == .max)
            #expect(await a.commit([log.next(a)]).appends.first?.day != nil)
        }
    }

    @Test("of a batch only the culprit fails", arguments: StoreKind.refusing)
    func onlyTheCulpritFails(kind: StoreKind) async throws {
        try await kind.withTwoNodes { _, a, b in
            var taken = SampleLog(leader: b)
            let first = taken.next(b)
            taken.note(first, try #require(await b.commit([first]).appends.first))

            var appends = (0..<20).map { SampleLog(leader: a, caller: "user \($0)").next(a, marker: Double($0)) }
            appends[3] = SampleLog(leader: a, caller: "nul\0inside").next(a)
            appends[11] = SampleLog(taken.conversation, leader: a).next(a)
            appends[16] = SampleLog(leader: a, callee: "\0").next(a)
            appends[17].index = 0

            let results = await a.commit(appends).appends
            try #require(results.count == 20)
            for (index, result) in results.enumerated() {
                switch index {
                case 3, 16, 17: #expect(result.isRefused)
                case 11: #expect(result == .clash)
                default: #expect(result.day != nil)
                }
                let stored = await b.result(of: .load(appends[index].conversation))
                #expect(stored.isAbsentLog == result.isRefused)
            }
            #expect(await b.result(of: .load(taken.conversation)).log?.row.leader == b.incarnation)
        }
    }

    @Test("results stand beside their appends, in any order of conversations", arguments: StoreKind.allCases)
    func orderOfResults(kind: StoreKind) async throws {
        try await kind.withTwoNodes { _, a, _ in
            var taken: Set<Int> = []
            var appends: [LogAppend] = []
            for number in 0..<40 {
                // Ids in falling order, so that the adapter's own order of the batch is another.
                let log = SampleLog(ConversationID(high: UInt64(1000 - number), low: 1), leader: a)
                appends.append(log.next(a))
                guard number % 3 == 0 else { continue }
                taken.insert(number)
                #expect(await a.commit([log.next(a)]).appends.first?.day != nil)
            }
            let results = await a.commit(appends).appends
            #expect(Set(results.indices.filter { results[$0] == .clash }) == taken)
        }
    }

    @Test("the conversation's row follows the appends", arguments: StoreKind.allCases)
    func rowFollows(kind: StoreKind) async throws {
        try await kind.withTwoNodes { _, a, b in
            var log = SampleLog(leader: a, callee: nil)
            let first = log.next(a)
            log.note(first, try #require(await a.commit([first]).appends.first))
            #expect(await a.result(of: .load(log.conversation)).log?.row == log.row)

            log.row = ConversationRow(
                caller: log.row.caller, callee: UserID(trusted: "bob"), leader: b.incarnation, epoch: 2, isEnded: false,
                deadline: .seconds(3600))
            let second = log.next(b)
            log.note(second, try #require(await b.commit([second]).appends.first))
            var found = try #require(await a.result(of: .load(log.conversation)).log?.row)
            let remaining = try #require(found.deadline)
            #expect(remaining > .seconds(3500) && remaining <= .seconds(3600))
            found.deadline = log.row.deadline
            #expect(found == log.row)

            log.row.isEnded = true
            log.row.deadline = nil
            let third = log.next(b)
            log.note(third, try #require(await b.commit([third]).appends.first))
            #expect(await a.result(of: .load(log.conversation)).log?.row == log.row)
        }
    }
}
