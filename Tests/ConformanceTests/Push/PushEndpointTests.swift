import StoreTestSupport
import SwitchboardCore
import SwitchboardProtocol
import Testing

@Suite("push outbox port: endpoints")
struct PushEndpointTests {
    private typealias Bench = PushBench

    @Test("endpoints are added, renewed and removed, each by its user", arguments: StoreKind.allCases)
    func addAndRemove(kind: StoreKind) async throws {
        try await kind.withPushes { _, bench in
            let phone = Bench.endpoint("phone", provider: .apns)
            var laptop = Bench.endpoint("laptop")
            #expect(try await bench.endpoints().isEmpty)
            try await bench.outbox.register(phone, maximumPerUser: 10)
            try await bench.outbox.register(laptop, maximumPerUser: 10)
            laptop.parameters = "{\"auth\":\"another\"}"
            try await bench.outbox.register(laptop, maximumPerUser: 10)
            #expect(try await bench.endpoints() == [phone, laptop])

            #expect(try await !bench.outbox.remove(phone.id, of: Bench.alice))
            #expect(try await bench.outbox.remove(phone.id, of: Bench.bob))
            #expect(try await !bench.outbox.remove(phone.id, of: Bench.bob))
            #expect(try await bench.endpoints() == [laptop])
        }
    }

    @Test("an endpoint that another user registers is that user's", arguments: StoreKind.allCases)
    func changesHands(kind: StoreKind) async throws {
        try await kind.withPushes { _, bench in
            try await bench.register("tablet", "phone")
            let tablet = Bench.endpoint("tablet", of: Bench.alice)
            try await bench.outbox.register(tablet, maximumPerUser: 10)
            #expect(try await bench.endpoints() == [Bench.endpoint("phone")])
            #expect(try await bench.endpoints(of: Bench.alice) == [tablet])
        }
    }

    @Test("a user has so many and no more; those there are can be renewed", arguments: StoreKind.allCases)
    func bound(kind: StoreKind) async throws {
        try await kind.withPushes { _, bench in
            for number in 0..<3 {
                try await bench.outbox.register(Bench.endpoint("\(number)"), maximumPerUser: 3)
            }
            await #expect(throws: PushOutboxError.tooManyEndpoints(3)) {
                try await bench.outbox.register(Bench.endpoint("3"), maximumPerUser: 3)
            }
            try await bench.outbox.register(Bench.endpoint("2"), maximumPerUser: 3)
            try await bench.outbox.register(Bench.endpoint("3", of: Bench.alice), maximumPerUser: 3)
            // One that would come from another user counts too.
            await #expect(throws: PushOutboxError.tooManyEndpoints(3)) {
                try await bench.outbox.register(Bench.endpoint("3"), maximumPerUser: 3)
            }
            #expect(try await bench.outbox.remove(Bench.endpoint("0").id, of: Bench.bob))
            try await bench.outbox.register(Bench.endpoint("3"), maximumPerUser: 3)
            #expect(try await bench.endpoints().count == 3)
            #expect(try await bench.endpoints(of: Bench.alice).isEmpty)
        }
    }

    @Test("the bound holds for registrations at the same time", arguments: StoreKind.allCases)
    func boundInRaces(kind: StoreKind) async throws {
        try await kind.withPushes { harness, bench in
            let other = try await harness.outbox("b.1")
            let taken = await withTaskGroup(of: Bool.self) { group in
                for number in 0..<40 {
                    let outbox = number.isMultiple(of: 2) ? bench.outbox : other
                    group.addTask {
                        (try? await outbox.register(Bench.endpoint("\(number)"), maximumPerUser: 5)) != nil
                    }
                }
                return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(taken == 5)
            #expect(try await bench.endpoints().count == 5)
        }
    }
}
