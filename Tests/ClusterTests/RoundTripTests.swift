import LocalCluster
import SwitchboardProtocol
import SwitchboardTestKit
import Testing

extension ClusterTests {
    /// The budget of round trips in ARCHITECTURE.md, counted with distances that are far longer than the machine's own time.
    @Suite("Round trips")
    struct RoundTripTests {
        /// In one direction.
        private static let distance: Duration = .milliseconds(100)
        private static let calls = 9
        /// What the machine may take for itself, in round trips; less than a message that waits for one more.
        private static let slack = 0.45

        @Test("a call rings, is picked up and carries messages within its budget")
        func budget() async throws {
            try await FarCluster.with { far in
                try await Testbed.run(on: far.cluster) { bed in
                    let caller = try await bed.device("alice", "phone", port: far.clientPort(of: "n1"))
                    let callee = try await bed.device("bob", "phone", port: far.clientPort(of: "n2"))
                    for device in [caller, callee] { try await device.connect() }
                    // Whatever is done once is done.
                    _ = try await Self.measure(bed, caller, callee)

                    far.setDistance(ofStores: Self.distance)
                    var trips = try await Self.roundTrips(bed, caller, callee)
                    print("round trips to the stores: \(trips)")
                    // One to ZooKeeper, to become the leader; one to PostgreSQL.
                    #expect(trips.ring <= 2 + Self.slack)
                    #expect(trips.pickup <= 1 + Self.slack)
                    #expect(trips.message <= 1 + Self.slack)

                    far.setDistance(ofClients: Self.distance)
                    trips = try await Self.roundTrips(bed, caller, callee)
                    print("round trips between clients and nodes: \(trips)")
                    // Half from one client to its node, half from the other's node to it.
                    #expect(trips.ring <= 1 + Self.slack)
                    #expect(trips.pickup <= 1 + Self.slack)
                    #expect(trips.message <= 1 + Self.slack)
                    far.setDistance()
                }
            }
        }

        /// From a client's sending of invite, accept and another message, until everybody is told.
        private struct Times: CustomStringConvertible {
            var ring: Double
            var pickup: Double
            var message: Double

            var description: String {
                [("invite → ring", ring), ("accept → both told", pickup), ("message → delivered", message)]
                    .map { "\($0) \(($1 * 100).rounded() / 100)" }.joined(separator: ", ")
            }
        }

        /// The median of some calls; in round trips.
        private static func roundTrips(_ bed: Testbed, _ caller: TestDevice, _ callee: TestDevice) async throws -> Times
        {
            var all: [Times] = []
            for _ in 0..<calls { all.append(try await measure(bed, caller, callee)) }
            let median = { (part: (Times) -> Double) in
                all.map(part).sorted()[all.count / 2] / (2 * (distance / .seconds(1)))
            }
            return Times(ring: median(\.ring), pickup: median(\.pickup), message: median(\.message))
        }

        /// One call, in which nothing else is on its way when a time begins; in seconds.
        private static func measure(_ bed: Testbed, _ caller: TestDevice, _ callee: TestDevice) async throws -> Times {
            let call = bed.newCall()
            let quiet = {
                for device in [caller, callee] { try await device.wait("all is accepted") { $0.hasAllAccepted(call) } }
            }
            try await caller.send(.invite(callee.address.user.text), .description("offer", mark: "offer"), in: call)
            try await callee.wait("the offer is there") { $0.has("offer offer", in: call) }
            try await callee.send(.ringing, .description("answer", mark: "answer"), in: call)
            try await caller.wait("it rings") { $0.has("ringing", in: call) }
            try await quiet()
            try await callee.send(.accept, in: call)
            try await caller.wait("it is picked up") { $0.has("answer answer", in: call) }
            try await quiet()
            let pair = Pair(call: call, caller: caller, callee: callee)
            for device in pair.devices { try await device.send(.connected, in: call) }
            for device in pair.devices { try await device.wait("it is connected") { $0.has("connected", in: call) } }
            try await quiet()
            try await caller.send(.info("over to you"), in: call)
            try await callee.wait("the message is there") { $0.has("over to you", in: call) }
            try await pair.hangUp()

            let (here, there) = (caller.seen, callee.seen)
            let selected = "selected \(callee.address.device.text)"
            let invited = try #require(here.sentAt("invite", in: call))
            let rang = try #require(there.toldAt("invite", in: call))
            let accepted = try #require(there.sentAt("accept", in: call))
            let told = [here, there].map { $0.toldAt(selected, in: call) }
            let said = try #require(here.sentAt("over to you", in: call))
            let heard = try #require(there.toldAt("over to you", in: call))
            return Times(
                ring: (rang - invited) / .seconds(1),
                pickup: try told.map { (try #require($0) - accepted) / .seconds(1) }.max() ?? 0,
                message: (heard - said) / .seconds(1))
        }
    }
}
