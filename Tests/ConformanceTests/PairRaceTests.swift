import StoreTestSupport
import SwitchboardCore
import SwitchboardProtocol
import Testing

/// Calls of the same two users begin at two leaders at the same time: exactly one gets the pair, and the other is told which.
@Suite("store port: races for a pair")
struct PairRaceTests {
    private let media = PairMedia(audio: true, video: false)

    private func user(_ number: Int) -> UserID { UserID(trusted: "user \(number)") }

    private func take(_ pair: PairKey, _ node: StoreClient, from caller: UserID) -> (SampleLog, LogAppend) {
        let log = SampleLog(leader: node, caller: caller.text, callee: (caller == pair.low ? pair.high : pair.low).text)
        var append = log.next(node)
        append.pair = .take(pair, media: media)
        return (log, append)
    }

    @Test("thousands of races between two nodes", arguments: StoreKind.allCases)
    func twoNodes(kind: StoreKind) async throws {
        try await kind.withTwoNodes { _, a, b in
            var wins = [0, 0]
            for round in 0..<250 {
                let pairs = (0..<8).map { PairKey(user(100 * round + 2 * $0), user(100 * round + 2 * $0 + 1)) }
                // All is on its way at once, and each is in front as often as the other.
                let races = pairs.enumerated().map { number, pair in
                    let mine = take(pair, a, from: pair.low)
                    let theirs = take(pair, b, from: pair.high)
                    let lane = StoreLane.writer(number % 2)
                    let commands = [(a, mine.1), (b, theirs.1)].map { node, append in
                        (node: node, command: StoreCommand.commit(StoreBatch(lane: lane, appends: [append])))
                    }
                    let order = (round + number / 2).isMultiple(of: 2) ? [0, 1] : [1, 0]
                    let pending = order.map { commands[$0].node.start(commands[$0].command) }
                    return (mine: mine.0, theirs: theirs.0, first: pending[order[0]], second: pending[order[1]])
                }
                for race in races {
                    switch (await race.first.value.appends.first, await race.second.value.appends.first) {
                    case (.committed, .blocked(let holder)):
                        wins[0] += 1
                        #expect(holder.conversation == race.mine.conversation)
                        #expect(holder.caller == race.mine.row.caller)
                    case (.blocked(let holder), .committed):
                        wins[1] += 1
                        #expect(holder.conversation == race.theirs.conversation)
                        #expect(holder.caller == race.theirs.row.caller)
                    case (let left, let right):
                        Issue.record("\(race.mine.row.caller): \(left as Any), \(right as Any)")
                    }
                }
            }
            #expect(wins[0] + wins[1] == 2000)
            // Otherwise nobody has met anybody and the test says nothing.
            #expect(wins.allSatisfy { $0 > 100 })
        }
    }

    /// How the row stands before two calls want it.
    enum Standing: CaseIterable, Sendable {
        /// Its call has ended without a release.
        case ended
        /// Its call is live, and both calls replace it.
        case replaced
    }

    @Test("of two calls that take a row over, one gets it", arguments: StoreKind.allCases, Standing.allCases)
    func takingOver(kind: StoreKind, standing: Standing) async throws {
        try await kind.withTwoNodes { _, a, b in
            for round in 0..<200 {
                let pair = PairKey(user(2 * round), user(2 * round + 1))
                var (older, append) = take(pair, a, from: pair.low)
                older.note(append, try #require(await a.commit([append]).appends.first))
                older.row.isEnded = standing == .ended
                #expect(await a.commit([older.next(a)]).appends.first?.day != nil)

                var (_, mine) = take(pair, a, from: pair.low)
                var (_, theirs) = take(pair, b, from: pair.high)
                if standing == .replaced {
                    mine.pair = .replace(pair, of: older.conversation, media: media)
                    theirs.pair = .replace(pair, of: older.conversation, media: media)
                }
                let first = a.start(.commit(StoreBatch(lane: .writer(0), appends: [mine])))
                let second = b.start(.commit(StoreBatch(lane: .writer(0), appends: [theirs])))
                switch (await first.value.appends.first, await second.value.appends.first) {
                case (.committed, .blocked(let holder)): #expect(holder.conversation == mine.conversation)
                case (.blocked(let holder), .committed): #expect(holder.conversation == theirs.conversation)
                case (let left, let right): Issue.record("\(left as Any), \(right as Any)")
                }
            }
        }
    }

    @Test("batches of two nodes over the same pairs all come through", arguments: StoreKind.allCases)
    func overlappingBatches(kind: StoreKind) async throws {
        try await kind.withTwoNodes { _, a, b in
            for round in 0..<30 {
                let pairs = (0..<40).map { PairKey(user(100 * round + 2 * $0), user(100 * round + 2 * $0 + 1)) }
                // In orders of their own, so that a store that locks as it is told waits in a circle.
                let mine = pairs.shuffled()
                let theirs = pairs.shuffled()
                let first = a.start(
                    .commit(StoreBatch(lane: .writer(0), appends: mine.map { take($0, a, from: $0.low).1 })))
                let second = b.start(
                    .commit(StoreBatch(lane: .writer(0), appends: theirs.map { take($0, b, from: $0.high).1 })))
                let one = try #require(await first.value.batch).appends
                let other = try #require(await second.value.batch).appends
                for (place, pair) in mine.enumerated() {
                    let counterpart = try #require(theirs.firstIndex(of: pair))
                    #expect((one[place].day != nil) != (other[counterpart].day != nil))
                }
            }
        }
    }

    /// The same few pairs all the time, taken, replaced and released by both: whoever has the row knows it.
    @Test("calls of a few pairs come and go at two nodes", arguments: StoreKind.allCases)
    func comingAndGoing(kind: StoreKind) async throws {
        try await kind.withTwoNodes { _, a, b in
            let pairs = (0..<4).map { PairKey(user(2 * $0), user(2 * $0 + 1)) }
            await withTaskGroup(of: [String].self) { group in
                for (lane, node) in [(0, a), (0, b), (1, a), (1, b)] {
                    group.addTask {
                        var caller = RacingCaller(node: node, lane: .writer(lane), pairs: pairs)
                        await caller.run(rounds: 150)
                        return caller.problems
                    }
                }
                for await problems in group { #expect(problems.isEmpty) }
            }
            // All calls have ended: every pair is free.
            for pair in pairs {
                let (_, append) = take(pair, a, from: pair.low)
                #expect(await a.commit([append]).appends.first?.day != nil)
            }
        }
    }
}

/// Begins calls of several pairs in one batch, then ends them in another.
private struct RacingCaller {
    let node: StoreClient
    let lane: StoreLane
    let pairs: [PairKey]
    var problems: [String] = []

    private let media = PairMedia(audio: true, video: true)

    init(node: StoreClient, lane: StoreLane, pairs: [PairKey]) {
        self.node = node
        self.lane = lane
        self.pairs = pairs
    }

    mutating func run(rounds: Int) async {
        var holders: [PairKey: ConversationID] = [:]
        for _ in 0..<rounds {
            var logs = pairs.shuffled().prefix(3).map { pair in
                (pair: pair, log: SampleLog(leader: node, caller: pair.low.text, callee: pair.high.text))
            }
            var appends: [LogAppend] = []
            for (pair, log) in logs {
                var append = log.next(node)
                // Sometimes from the one that was in the way the last time; it may be over by now.
                append.pair = holders[pair].map { .replace(pair, of: $0, media: media) } ?? .take(pair, media: media)
                appends.append(append)
            }
            guard let results = await commit(appends) else { continue }
            holders = [:]
            for (place, result) in results.enumerated() {
                logs[place].log.note(appends[place], result)
                guard case .blocked(let holder) = result else { continue }
                if holder.conversation == logs[place].log.conversation { problems.append("blocked by itself") }
                holders[logs[place].pair] = holder.conversation
            }
            let ends = logs.filter { $0.log.born != nil }.map { pair, log in
                var log = log
                log.row.isEnded = true
                var append = log.next(node)
                append.pair = .release(pair)
                return append
            }
            var outcome = await commit(ends)
            while outcome == nil, problems.isEmpty { outcome = await commit(ends) }
            if outcome?.contains(where: { $0.day == nil }) != false { problems.append("not ended: \(ends)") }
        }
    }

    /// nil: provably without effect (a deadlock, say), which may be tried again.
    private mutating func commit(_ appends: [LogAppend]) async -> [AppendResult]? {
        switch await node.commit(appends, lane: lane) {
        case .committed(let batch): return batch.appends
        case .unavailable: return nil
        case let other:
            problems.append("\(other)")
            return nil
        }
    }
}
