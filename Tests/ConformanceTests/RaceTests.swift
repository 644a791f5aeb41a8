import StoreTestSupport
import SwitchboardCore
import SwitchboardProtocol
import Synchronization
import Testing

/// Two nodes believe that they lead the same logs, and take over from each other in the middle of appends.
///
/// Whatever the interleaving: one value at each index, dense indexes, nothing missing that was reported as committed, and
/// nothing of an older leader behind a newer one's barrier.
@Suite("store port: races of two leaders")
struct RaceTests {
    @Test("thousands of races for the same places", arguments: StoreKind.allCases)
    func races(kind: StoreKind) async throws {
        let seed = UInt64.random(in: .min ... .max)
        try await kind.withTwoNodes { _, a, b in
            let conversations = (0..<60).map { _ in ConversationID.random() }
            let record = RaceRecord()
            await withTaskGroup(of: Void.self) { group in
                for (number, conversation) in conversations.enumerated() {
                    for (side, node) in [a, b].enumerated() {
                        let lane = StoreLane.writer(number % 2)
                        let generator = SeededGenerator(seed: seed &+ UInt64(2 * number + side))
                        group.addTask {
                            var leader = RacingLeader(
                                node, conversation, lane: lane, record: record, generator: generator)
                            await leader.run(rounds: 30)
                        }
                    }
                }
            }
            #expect(record.problems.isEmpty, "seed \(seed)")
            // Otherwise nobody has met anybody and the test says nothing.
            #expect(record.clashes > 100)
            #expect(record.commits.count > 1000)
            for conversation in conversations {
                let result = await a.result(of: .readLog(conversation, 1...10_000))
                let entries = try #require(result.entries)
                #expect(entries.map(\.index) == Array(1...UInt32(max(1, entries.count))), "seed \(seed)")
                for entry in entries {
                    let reported = record.commits[RaceRecord.Place(conversation: conversation, index: entry.index)]
                    #expect(reported == nil || reported == entry.id, "seed \(seed)")
                }
                let places = record.commits.keys.filter { $0.conversation == conversation }
                #expect(places.allSatisfy { $0.index <= entries.count }, "seed \(seed)")
                // Each entry names the barrier that it was written under; these may only rise.
                let epochs = entries.map(\.entry.epoch)
                #expect(epochs == epochs.sorted(), "seed \(seed)")
            }
        }
    }

    /// Both commit to the same logs in batches of many, in orders of their own: an adapter must not let them wait for each
    /// other in a circle.
    @Test("batches of two nodes over the same logs all come through", arguments: StoreKind.allCases)
    func overlappingBatches(kind: StoreKind) async throws {
        try await kind.withTwoNodes { _, a, b in
            for _ in 0..<15 {
                let conversations = (0..<60).map { _ in ConversationID.random() }
                async let first = commitTwice(a, conversations.shuffled())
                async let second = commitTwice(b, conversations.shuffled())
                let (one, other) = await (first, second)
                #expect(one != nil)
                #expect(other != nil)
                // Each log has one first entry and at most one second; who has written the first may write the second.
                #expect((one ?? []).isDisjoint(with: other ?? []))
                #expect((one ?? []).union(other ?? []) == Set(conversations))
            }
        }
    }

    /// First and second entries of all logs; returns those whose both entries were committed, nil if a commit failed.
    private func commitTwice(_ node: StoreClient, _ conversations: [ConversationID]) async -> Set<ConversationID>? {
        var logs = conversations.map { SampleLog($0, leader: node) }
        for _ in 0..<2 {
            let appends = logs.map { $0.next(node) }
            guard let results = await node.commit(appends).batch?.appends else { return nil }
            for (place, result) in results.enumerated() { logs[place].note(appends[place], result) }
            logs.removeAll { $0.born == nil }
        }
        return Set(logs.filter { $0.last?.index == 2 }.map(\.conversation))
    }
}

/// What was reported as committed, by both nodes.
final class RaceRecord: Sendable {
    struct Place: Hashable {
        var conversation: ConversationID
        var index: UInt32
    }

    private struct State {
        var commits: [Place: AppendID] = [:]
        var clashes = 0
        var problems: [String] = []
    }

    private let state = Mutex(State())

    var commits: [Place: AppendID] { state.withLock { $0.commits } }
    var clashes: Int { state.withLock { $0.clashes } }
    var problems: [String] { state.withLock { $0.problems } }

    func committed(_ append: LogAppend) {
        let place = Place(conversation: append.conversation, index: append.index)
        state.withLock { state in
            if let other = state.commits.updateValue(append.id, forKey: place) {
                state.problems.append("\(append.id) and \(other) were both committed at \(place)")
            }
        }
    }

    func clashed() { state.withLock { $0.clashes += 1 } }

    func problem(_ text: String) { state.withLock { $0.problems.append(text) } }
}

/// Takes one log over again and again.
private struct RacingLeader {
    let node: StoreClient
    let lane: StoreLane
    let record: RaceRecord
    var generator: SeededGenerator
    var log: SampleLog
    var epoch: UInt32 = 0

    init(
        _ node: StoreClient, _ conversation: ConversationID, lane: StoreLane, record: RaceRecord,
        generator: SeededGenerator
    ) {
        self.node = node
        self.lane = lane
        self.record = record
        self.generator = generator
        log = SampleLog(conversation, leader: node)
    }

    mutating func run(rounds: Int) async {
        for _ in 0..<rounds {
            if epoch == 0 {
                guard await takeOver() else { continue }
            }
            await append(isBarrier: false)
            // A claim out of the blue, as after a lost session: the older leader may be in the middle of an append.
            if Int.random(in: 0..<6, using: &generator) == 0 { epoch = 0 }
        }
    }

    /// Reads the log and writes a barrier; the first leader's barrier needs no load.
    private mutating func takeOver() async -> Bool {
        if Bool.random(using: &generator) || log.last != nil {
            switch await node.result(of: .load(log.conversation)) {
            case .loaded(let stored?): log.note(stored)
            case .loaded(nil): log.last = nil
            case let other:
                record.problem("load: \(other)")
                return false
            }
        }
        await append(isBarrier: true)
        return epoch != 0
    }

    private mutating func append(isBarrier: Bool) async {
        var append = log.next(node)
        append.entry.epoch = isBarrier ? append.index : epoch
        switch await node.commit([append], lane: isBarrier ? .barrier : lane) {
        case .committed(let result):
            guard let result = result.appends.first else { return record.problem("no result") }
            switch result {
            case .committed:
                record.committed(append)
                log.note(append, result)
                if isBarrier { epoch = append.index }
            case .clash:
                record.clashed()
                epoch = 0
            case .blocked(let holder):
                record.problem("blocked by \(holder.conversation)")
            case .refused(let reason):
                record.problem("refused: \(reason)")
            }
        case .unavailable where isBarrier:
            // The other one's append holds the index for longer than the barrier's lock timeout; it claims again.
            epoch = 0
        case let other:
            record.problem("commit: \(other)")
        }
    }
}
