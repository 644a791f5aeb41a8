import StoreTestSupport
import SwitchboardCore
import SwitchboardProtocol
import Testing

/// The row of two users names the one call that they are making, and changes with the entries of calls only.
@Suite("store port: pairs")
struct PairTests {
    private let alice = UserID(trusted: "alice")
    private let bob = UserID(trusted: "bob")
    private let video = PairMedia(audio: true, video: true)
    private let audio = PairMedia(audio: true, video: false)
    private var pair: PairKey { PairKey(alice, bob) }

    private func call(_ node: StoreClient, from caller: String = "alice", to callee: String = "bob") -> SampleLog {
        SampleLog(leader: node, caller: caller, callee: callee)
    }

    /// Commits the entry that follows, alone, with a step.
    private func commit(
        _ log: inout SampleLog, _ node: StoreClient, _ step: PairStep?, lane: StoreLane = .writer(0)
    ) async -> AppendResult? {
        var append = log.next(node)
        append.pair = step
        let result = await node.commit([append], lane: lane).appends.first
        if let result { log.note(append, result) }
        return result
    }

    @Test("the first takes the pair, the other one is told by whom it is held", arguments: StoreKind.allCases)
    func blocked(kind: StoreKind) async throws {
        try await kind.withTwoNodes { _, a, b in
            var first = call(a)
            #expect(await commit(&first, a, .take(pair, media: video))?.day != nil)

            var second = call(b, from: "bob", to: "alice")
            var other = call(b, from: "bob", to: "carol")
            var take = second.next(b)
            take.pair = .take(pair, media: audio)
            var foreign = other.next(b)
            foreign.pair = .take(PairKey(bob, UserID(trusted: "carol")), media: audio)
            let plain = SampleLog(leader: b).next(b)
            let results = await b.commit([plain, take, foreign]).appends
            let holder = PairHolder(
                conversation: first.conversation, caller: alice, media: video, isAccepted: false)
            try #require(results.count == 3)
            #expect(results[0].day != nil)
            #expect(results[1] == .blocked(holder))
            #expect(results[2].day != nil)
            other.note(foreign, results[2])
            // No effect at all: neither log nor row.
            #expect(await a.result(of: .load(second.conversation)).isAbsentLog)
            // It may go on with another first entry, without the pair.
            #expect(await commit(&second, b, nil)?.day != nil)
        }
    }

    @Test("a pickup shows in the row; who blocks is told so", arguments: StoreKind.allCases)
    func accepted(kind: StoreKind) async throws {
        try await kind.withTwoNodes { _, a, b in
            var first = call(a)
            #expect(await commit(&first, a, .take(pair, media: audio))?.day != nil)
            #expect(await commit(&first, a, .accept(pair))?.day != nil)
            var second = call(b, from: "bob", to: "alice")
            let holder = PairHolder(conversation: first.conversation, caller: alice, media: audio, isAccepted: true)
            #expect(await commit(&second, b, .take(pair, media: audio)) == .blocked(holder))
            // Steps of a call that does not hold the row change nothing.
            #expect(await commit(&second, b, .accept(pair))?.day != nil)
            #expect(await commit(&second, b, .release(pair))?.day != nil)
            var third = call(b, from: "bob", to: "alice")
            #expect(await commit(&third, b, .take(pair, media: audio)) == .blocked(holder))
        }
    }

    @Test("a release makes room", arguments: StoreKind.allCases)
    func released(kind: StoreKind) async throws {
        try await kind.withTwoNodes { _, a, b in
            var first = call(a)
            #expect(await commit(&first, a, .take(pair, media: audio))?.day != nil)
            first.row.isEnded = true
            #expect(await commit(&first, a, .release(pair))?.day != nil)
            var second = call(b, from: "bob", to: "alice")
            #expect(await commit(&second, b, .take(pair, media: video))?.day != nil)
            var third = call(a)
            let holder = PairHolder(conversation: second.conversation, caller: bob, media: video, isAccepted: false)
            #expect(await commit(&third, a, .take(pair, media: audio)) == .blocked(holder))
        }
    }

    @Test("a row whose call has ended, or is unknown, counts as free", arguments: StoreKind.allCases)
    func free(kind: StoreKind) async throws {
        try await kind.withTwoNodes { harness, a, b in
            var first = call(a)
            #expect(await commit(&first, a, .take(pair, media: audio))?.day != nil)
            #expect(await commit(&first, a, .accept(pair))?.day != nil)
            first.row.isEnded = true
            // By a node of an older release, say.
            #expect(await commit(&first, a, nil)?.day != nil)

            var second = call(b, from: "bob", to: "alice")
            #expect(await commit(&second, b, .take(pair, media: video))?.day != nil)
            var third = call(a)
            // The stage is the new call's.
            let holder = PairHolder(conversation: second.conversation, caller: bob, media: video, isAccepted: false)
            #expect(await commit(&third, a, .take(pair, media: audio)) == .blocked(holder))

            second.row.isEnded = true
            #expect(await commit(&second, b, nil)?.day != nil)
            try await harness.advanceDays(1)
            #expect(await b.result(of: .collect(endedBefore: .zero, limit: 100)).isDone)
            #expect(await b.result(of: .load(second.conversation)).isAbsentLog)
            #expect(await commit(&third, a, .take(pair, media: audio))?.day != nil)
        }
    }

    @Test("a call takes the row from the one that it names, and from no other", arguments: StoreKind.allCases)
    func replaced(kind: StoreKind) async throws {
        try await kind.withTwoNodes { _, a, b in
            var first = call(a)
            #expect(await commit(&first, a, .take(pair, media: audio))?.day != nil)
            #expect(await commit(&first, a, .accept(pair))?.day != nil)
            var second = call(b)
            #expect(
                await commit(&second, b, .replace(pair, of: first.conversation, media: video))?.day != nil)
            // The older call's end leaves the row alone.
            first.row.isEnded = true
            #expect(await commit(&first, a, .release(pair))?.day != nil)

            var third = call(a)
            let holder = PairHolder(conversation: second.conversation, caller: alice, media: video, isAccepted: false)
            #expect(await commit(&third, a, .replace(pair, of: first.conversation, media: audio)) == .blocked(holder))
            // Nothing to replace: as a take.
            second.row.isEnded = true
            #expect(await commit(&second, b, .release(pair))?.day != nil)
            #expect(await commit(&third, a, .replace(pair, of: second.conversation, media: audio))?.day != nil)
        }
    }

    @Test("a call that has the row may take it again, and keeps its stage", arguments: StoreKind.allCases)
    func takenAgain(kind: StoreKind) async throws {
        try await kind.withTwoNodes { _, a, b in
            var first = call(a)
            #expect(await commit(&first, a, .take(pair, media: audio))?.day != nil)
            #expect(await commit(&first, a, .accept(pair))?.day != nil)
            #expect(await commit(&first, a, .take(pair, media: audio))?.day != nil)
            var second = call(b)
            let holder = PairHolder(conversation: first.conversation, caller: alice, media: audio, isAccepted: true)
            #expect(await commit(&second, b, .take(pair, media: audio)) == .blocked(holder))
        }
    }

    @Test("an append without effect leaves the pair as it was", arguments: StoreKind.allCases)
    func clash(kind: StoreKind) async throws {
        try await kind.withTwoNodes { _, a, b in
            var first = call(a)
            #expect(await commit(&first, a, nil)?.day != nil)
            // Takes a pair that nobody has, with an entry whose place is taken.
            var ignorant = SampleLog(first.conversation, leader: b, caller: "alice", callee: "bob")
            #expect(await commit(&ignorant, b, .take(pair, media: audio)) == .clash)
            var second = call(b, from: "bob", to: "alice")
            #expect(await commit(&second, b, .take(pair, media: video))?.day != nil)

            // Neither accepts nor releases what another one has.
            var stale = SampleLog(second.conversation, leader: a, caller: "bob", callee: "alice")
            #expect(await commit(&stale, a, .accept(pair)) == .clash)
            #expect(await commit(&stale, a, .release(pair)) == .clash)
            let holder = PairHolder(conversation: second.conversation, caller: bob, media: video, isAccepted: false)
            var third = call(a)
            #expect(await commit(&third, a, .take(pair, media: audio)) == .blocked(holder))

            // Nor takes one over whose call has ended.
            second.row.isEnded = true
            #expect(await commit(&second, b, nil)?.day != nil)
            #expect(await commit(&ignorant, b, .take(pair, media: audio)) == .clash)
            #expect(await commit(&third, a, .take(pair, media: audio))?.day != nil)
        }
    }

    @Test("in one batch an end makes room, and of two calls the first gets it", arguments: StoreKind.allCases)
    func sameBatch(kind: StoreKind) async throws {
        try await kind.withTwoNodes { _, a, _ in
            var ending = call(a)
            #expect(await commit(&ending, a, .take(pair, media: audio))?.day != nil)
            ending.row.isEnded = true
            var second = call(a, from: "bob", to: "alice").next(a)
            second.pair = .take(pair, media: video)
            var third = call(a).next(a)
            third.pair = .take(pair, media: audio)
            var end = ending.next(a)
            end.pair = .release(pair)
            let results = await a.commit([second, third, end]).appends
            let holder = PairHolder(conversation: second.conversation, caller: bob, media: video, isAccepted: false)
            try #require(results.count == 3)
            #expect(results[0].day != nil)
            #expect(results[1] == .blocked(holder))
            #expect(results[2].day != nil)

            // An end without effect makes none.
            var late = ending.next(a)
            late.conversation = second.conversation
            late.pair = .release(pair)
            #expect(await a.commit([late, third]).appends == [.clash, .blocked(holder)])
        }
    }

    @Test("a name that the store refuses fails its append only", arguments: StoreKind.refusing)
    func refused(kind: StoreKind) async throws {
        try await kind.withTwoNodes { _, a, _ in
            var bad = call(a).next(a)
            bad.pair = .take(PairKey(alice, UserID(trusted: "b\0b")), media: audio)
            var good = call(a).next(a)
            good.pair = .take(pair, media: audio)
            let results = await a.commit([bad, good, SampleLog(leader: a).next(a)]).appends
            #expect(results.map(\.isRefused) == [true, false, false])
            #expect(results.map { $0.day != nil } == [false, true, true])
        }
    }
}
