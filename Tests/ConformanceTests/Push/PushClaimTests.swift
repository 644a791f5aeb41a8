import LocalCluster
import StoreTestSupport
import SwitchboardCore
import SwitchboardProtocol
import Testing

@Suite("push outbox port: claims and settlements")
struct PushClaimTests {
    private typealias Bench = PushBench

    @Test("a call is pushed to each endpoint of the callee, with all that is needed", arguments: StoreKind.allCases)
    func fanOut(kind: StoreKind) async throws {
        try await kind.withPushes { _, bench in
            try await bench.register("phone", "laptop")
            try await bench.register("other", of: Bench.alice)
            #expect(try await bench.outbox.nextDue() == nil)
            let call = await bench.call()
            #expect(call.pushes == 2)
            #expect(try await bench.outbox.nextDue() == .zero)

            let claimed = try await bench.claim()
            #expect(Set(claimed.map(\.endpoint)) == [Bench.endpoint("phone"), Bench.endpoint("laptop")])
            for push in claimed {
                #expect(push.conversation == call.log.conversation)
                #expect(push.kind == .invite(caller: Bench.alice, media: Bench.media))
                #expect(push.expiresIn > .seconds(50) && push.expiresIn <= .seconds(60))
                #expect(push.attempts == 0)
            }
            // They are in hand now, and due again when that has lasted too long.
            #expect(try await bench.claim(by: "b.1").isEmpty)
            let due = try #require(try await bench.outbox.nextDue())
            #expect(due > .seconds(20) && due <= .seconds(30))
        }
    }

    @Test("nobody is pushed without endpoints, or for an append without effect", arguments: StoreKind.allCases)
    func noPushes(kind: StoreKind) async throws {
        try await kind.withPushes { _, bench in
            #expect(await bench.call().pushes == 0)
            try await bench.register("phone")
            let invite = PushStep.invite(
                user: Bench.bob, caller: Bench.alice, media: Bench.media, expiresIn: .seconds(60))
            let pair = PairKey(Bench.alice, Bench.bob)
            var first = SampleLog(leader: bench.node).next(bench.node)
            first.pair = .take(pair, media: Bench.media)
            #expect(await bench.node.commit([first]).appends.first?.day != nil)

            var clashing = SampleLog(first.conversation, leader: bench.node).next(bench.node)
            clashing.push = invite
            var blocked = SampleLog(leader: bench.node).next(bench.node)
            blocked.pair = .take(pair, media: Bench.media)
            blocked.push = invite
            let batch = try #require(await bench.node.commit([clashing, blocked]).batch)
            #expect(batch.appends.allSatisfy { $0.day == nil })
            #expect(batch.pushes.isEmpty)
            #expect(try await bench.claim().isEmpty)
            #expect(try await bench.outbox.nextDue() == nil)
        }
    }

    @Test("claims keep to their limit, the oldest first", arguments: StoreKind.allCases)
    func limit(kind: StoreKind) async throws {
        try await kind.withPushes { _, bench in
            try await bench.register("phone")
            var calls: [ConversationID] = []
            for _ in 0..<5 { calls.append(await bench.call().log.conversation) }
            #expect(try await bench.claim(2).map(\.conversation) == Array(calls[0..<2]))
            #expect(try await bench.claim(2).map(\.conversation) == Array(calls[2..<4]))
            #expect(try await bench.claim(2).map(\.conversation) == Array(calls[4..<5]))
        }
    }

    @Test("what its node does not settle in time is another's", arguments: StoreKind.allCases)
    func leaseEnds(kind: StoreKind) async throws {
        try await kind.withPushes { _, bench in
            try await bench.register("phone")
            _ = await bench.call()
            let first = try #require(try await bench.claim(lease: .milliseconds(50)).first)
            var second: ClaimedPush?
            try await waitUntil("the lease ends", within: .seconds(10)) {
                second = try await bench.claim(by: "b.1").first
                return second != nil
            }
            #expect(second?.number == first.number)
            #expect(second?.attempts == 1)
            // Too late: it is in other hands.
            try await bench.settle(first, .dead(reason: "too late"))
            #expect(try await bench.outbox.deadLetters(limit: 10).isEmpty)
            try await bench.settle(first, .taken, by: "b.1")
            #expect(try await bench.outbox.nextDue() == nil)
        }
    }

    @Test("a lease that has ended does not matter as long as nobody has taken the push", arguments: StoreKind.allCases)
    func settledLate(kind: StoreKind) async throws {
        try await kind.withPushes { _, bench in
            try await bench.register("phone")
            _ = await bench.call()
            let push = try #require(try await bench.claim(lease: .zero).first)
            try await bench.settle(push, .taken)
            #expect(try await bench.claim().isEmpty)
        }
    }

    @Test("a push that was taken or is dead comes no more, one that was postponed does", arguments: StoreKind.allCases)
    func settled(kind: StoreKind) async throws {
        try await kind.withPushes { _, bench in
            try await bench.register("phone", "laptop", "tablet")
            let conversation = await bench.call().log.conversation
            let claimed = try await bench.claim()
            try #require(claimed.count == 3)
            try await bench.settle(claimed[0], .taken)
            try await bench.settle(claimed[1], .dead(reason: "400 with\0 control\n characters"))
            try await bench.settle(claimed[2], .postponed(.milliseconds(300), reason: "503"))
            #expect(try await bench.claim().isEmpty)
            let due = try #require(try await bench.outbox.nextDue())
            #expect(due <= .milliseconds(300))
            var again: [ClaimedPush] = []
            try await waitUntil("the postponed one is due", within: .seconds(10)) {
                again = try await bench.claim(by: "b.1")
                return !again.isEmpty
            }
            #expect(again.map(\.number) == [claimed[2].number])
            #expect(again.map(\.attempts) == [1])
            // By somebody who had it before.
            try await bench.settle(claimed[2], .dead(reason: "not mine"))

            let dead = try await bench.outbox.deadLetters(limit: 10)
            #expect(dead.map(\.number) == [claimed[1].number])
            #expect(dead.first?.conversation == conversation)
            #expect(dead.first?.user == Bench.bob)
            #expect(dead.first?.endpoint == claimed[1].endpoint.id)
            #expect(dead.first?.provider == .webPush)
            #expect(dead.first?.attempts == 1)
            #expect(dead.first?.reason.hasPrefix("400 with") == true)
        }
    }

    @Test("dead pushes are told newest first, so many", arguments: StoreKind.allCases)
    func deadLetters(kind: StoreKind) async throws {
        try await kind.withPushes { _, bench in
            try await bench.register("phone")
            for _ in 0..<4 { _ = await bench.call() }
            let claimed = try await bench.claim()
            let settlements = claimed.map { PushSettlement(number: $0.number, outcome: .dead(reason: "\($0.number)")) }
            try await bench.outbox.settle(settlements, by: Incarnation(trusted: "a.1"))
            let newest = claimed.map(\.number).suffix(3).reversed()
            #expect(try await bench.outbox.deadLetters(limit: 3).map(\.number) == Array(newest))
        }
    }

    @Test("an endpoint that is gone is removed, and gets nothing that still waits", arguments: StoreKind.allCases)
    func gone(kind: StoreKind) async throws {
        try await kind.withPushes { _, bench in
            try await bench.register("phone", "laptop")
            _ = await bench.call()
            let claimed = try await bench.claim()
            let push = try #require(claimed.first { $0.endpoint.id == Bench.endpoint("phone").id })
            _ = await bench.call()
            try await bench.settle(push, .endpointGone(reason: "410"))
            #expect(try await bench.endpoints() == [Bench.endpoint("laptop")])
            #expect(try await bench.outbox.deadLetters(limit: 10).map(\.reason) == ["410"])
            #expect(try await bench.claim().map(\.endpoint) == [Bench.endpoint("laptop")])
        }
    }

    @Test("what waits for an endpoint that changed hands is not sent to its new user", arguments: StoreKind.allCases)
    func changedHands(kind: StoreKind) async throws {
        try await kind.withPushes { _, bench in
            try await bench.register("phone", "laptop")
            _ = await bench.call()
            try await bench.register("phone", of: UserID(trusted: "carol"))
            #expect(try await bench.claim().map(\.endpoint) == [Bench.endpoint("laptop")])
            #expect(try await bench.outbox.deadLetters(limit: 10).isEmpty)
        }
    }

    @Test("what has expired dies when it is met", arguments: StoreKind.allCases)
    func expired(kind: StoreKind) async throws {
        try await kind.withPushes { _, bench in
            try await bench.register("phone")
            _ = await bench.call(expiresIn: .zero)
            _ = await bench.call(expiresIn: .milliseconds(400))
            var claimed = try await bench.claim()
            #expect(claimed.count <= 1)
            // On a machine that is very slow it may have expired before the claim.
            if let push = claimed.first { try await bench.settle(push, .postponed(.zero, reason: "503")) }
            try await waitUntil("both have expired", within: .seconds(10)) {
                claimed = try await bench.claim(lease: .zero)
                return try await bench.outbox.deadLetters(limit: 10).count == 2
            }
            #expect(claimed.isEmpty)
            let reasons = try await bench.outbox.deadLetters(limit: 10).map(\.reason)
            #expect(reasons.last == "expired")
            #expect(reasons.first == "expired" || reasons.first == "expired; before that: 503")
            #expect(try await bench.outbox.nextDue() == nil)
        }
    }

    @Test("each push is claimed by one of many", arguments: StoreKind.allCases)
    func races(kind: StoreKind) async throws {
        try await kind.withPushes { harness, bench in
            try await bench.register("1", "2", "3", "4", "5")
            for _ in 0..<40 { _ = await bench.call() }
            var outboxes = [("a.1", bench.outbox)]
            for name in ["b.1", "c.1"] { outboxes.append((name, try await harness.outbox(name))) }
            let claims = try await withThrowingTaskGroup(of: [Int64].self) { group in
                for (name, outbox) in outboxes {
                    group.addTask {
                        var numbers: [Int64] = []
                        while true {
                            let claimed = try await outbox.claim(
                                limit: 7, lease: .seconds(60), by: Incarnation(trusted: name))
                            numbers += claimed.map(\.number)
                            if claimed.isEmpty, try await outbox.nextDue() != .zero { return numbers }
                            let settlements = claimed.map { PushSettlement(number: $0.number, outcome: .taken) }
                            try await outbox.settle(settlements, by: Incarnation(trusted: name))
                        }
                    }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(claims.count == 200)
            #expect(Set(claims).count == 200)
        }
    }
}
