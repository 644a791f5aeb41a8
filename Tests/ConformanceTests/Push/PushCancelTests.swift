import LocalCluster
import StoreTestSupport
import SwitchboardCore
import SwitchboardProtocol
import Testing

/// "The call does not ring any more", with the entry that says so.
@Suite("push outbox port: cancels")
struct PushCancelTests {
    private typealias Bench = PushBench

    @Test("an invite that nobody has claimed is dropped, and nothing is sent", arguments: StoreKind.allCases)
    func unclaimed(kind: StoreKind) async throws {
        try await kind.withPushes { _, bench in
            try await bench.register("phone", "laptop")
            var call = await bench.call()
            #expect(await bench.append(&call.log, .cancel(.cancelled)) == 0)
            #expect(try await bench.claim().isEmpty)
            #expect(try await bench.outbox.nextDue() == nil)
            #expect(try await bench.outbox.deadLetters(limit: 10).isEmpty)
        }
    }

    @Test("endpoints that an invite reached, or may have reached, get a cancel", arguments: StoreKind.allCases)
    func reached(kind: StoreKind) async throws {
        try await kind.withPushes { _, bench in
            try await bench.register("taken", "claimed", "postponed", "dead", "waiting")
            var call = await bench.call()
            var other = await bench.call()
            // The first five are of this call; "waiting" stays so, for it is the last by id.
            let claimed = try await bench.claim(4).filter { $0.conversation == call.log.conversation }
            try #require(claimed.count == 4)
            func push(_ name: String) throws -> ClaimedPush {
                try #require(claimed.first { $0.endpoint.id == Bench.endpoint(name).id })
            }
            try await bench.settle(try push("taken"), .taken)
            try await bench.settle(try push("postponed"), .postponed(.zero, reason: "503"))
            try await bench.settle(try push("dead"), .dead(reason: "400"))

            #expect(await bench.append(&call.log, .cancel(.answeredElsewhere)) == 3)
            let next = try await bench.claim().filter { $0.conversation == call.log.conversation }
            #expect(
                Set(next.map(\.endpoint))
                    == [Bench.endpoint("taken"), Bench.endpoint("claimed"), Bench.endpoint("postponed")])
            for cancel in next {
                #expect(cancel.kind == .cancel(.answeredElsewhere))
                #expect(cancel.expiresIn > .seconds(50) && cancel.expiresIn <= .seconds(60))
                #expect(cancel.attempts == 0)
            }
            // The other call rings on.
            #expect(await bench.append(&other.log, .cancel(.cancelled)) == 5)
        }
    }

    @Test("an attempt under way at the cancel is not made again, whatever becomes of it", arguments: StoreKind.allCases)
    func underWay(kind: StoreKind) async throws {
        try await kind.withPushes { _, bench in
            try await bench.register("first", "second", "third")
            var call = await bench.call()
            let claimed = try await bench.claim(lease: .zero)
            try #require(claimed.count == 3)
            #expect(await bench.append(&call.log, .cancel(.cancelled)) == 3)
            try await bench.settle(claimed[0], .postponed(.zero, reason: "503"))
            try await bench.settle(claimed[1], .taken)
            try await bench.settle(claimed[2], .endpointGone(reason: "410"))
            #expect(try await bench.endpoints().count == 2)
            let next = try await bench.claim()
            // The third endpoint is no more.
            #expect(next.map(\.kind) == [.cancel(.cancelled), .cancel(.cancelled)])
            #expect(Set(next.map(\.endpoint)) == Set(claimed.prefix(2).map(\.endpoint)))
        }
    }

    @Test(
        "a cancel without effect, and one of a call that pushed nobody, change nothing", arguments: StoreKind.allCases)
    func withoutEffect(kind: StoreKind) async throws {
        try await kind.withPushes { _, bench in
            try await bench.register("phone")
            let call = await bench.call()
            var stale = SampleLog(call.log.conversation, leader: bench.node)
            #expect(await bench.append(&stale, .cancel(.cancelled)) == nil)
            var silent = SampleLog(leader: bench.node)
            #expect(await bench.append(&silent, .cancel(.cancelled)) == 0)
            #expect(try await bench.claim().map(\.conversation) == [call.log.conversation])
        }
    }

    @Test("an invite and the cancel of another call in one batch each do their part", arguments: StoreKind.allCases)
    func oneBatch(kind: StoreKind) async throws {
        try await kind.withPushes { _, bench in
            try await bench.register("phone", "laptop")
            let old = await bench.call()
            try await bench.settle(try #require(try await bench.claim(1).first), .taken)
            var cancel = old.log.next(bench.node)
            cancel.push = .cancel(.replaced)
            var invite = SampleLog(leader: bench.node).next(bench.node)
            invite.push = .invite(
                user: Bench.bob, caller: Bench.alice, media: Bench.media, expiresIn: .seconds(60))
            let batch = try #require(await bench.node.commit([invite, cancel]).batch)
            #expect(batch.pushes == [old.log.conversation: 1, invite.conversation: 2])
            #expect(try await bench.claim().count == 3)
        }
    }
}
