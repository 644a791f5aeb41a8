import LocalCluster
import SwitchboardProtocol
import SwitchboardTestKit
import Testing

extension ClusterTests {
    @Suite("The database is away")
    struct StoreOutageTests {
        /// How it goes, and how it comes back.
        enum Outage: String, CaseIterable, Sendable {
            /// Stopped where it stands: connections stay open, nothing answers; what was sent may yet be committed.
            case frozen
            /// Killed and started again, with recovery from its write-ahead log.
            case killed
        }

        @Test(
            "clients stay connected and are told; what they sent is taken when it is back", arguments: Outage.allCases)
        func outage(_ outage: Outage) async throws {
            try await Testbed.run { bed in
                let caller = try await bed.device("alice", "phone", at: "n1")
                let callee = try await bed.device("bob", "phone", at: "n2")
                for device in [caller, callee] { try await device.connect() }
                let pair = try await Pair.connect(caller, callee, in: bed.newCall())
                let call = pair.call
                try await pair.startRally()
                try await pair.rallyGoesOn()

                switch outage {
                case .frozen: await bed.cluster.postgres.pause()
                case .killed: try await bed.cluster.postgres.kill()
                }
                try await caller.send(.info("in the outage, by the caller"), in: call)
                try await callee.send(.info("in the outage, by the callee"), in: call)
                for device in pair.devices {
                    try await device.wait("it is told that the store is away", within: .seconds(40)) {
                        $0.temporaryErrors.contains("store_unavailable")
                    }
                }
                #expect(!caller.seen.has("in the outage, by the callee", in: call))
                #expect(!callee.seen.has("in the outage, by the caller", in: call))

                switch outage {
                case .frozen: await bed.cluster.postgres.resume()
                case .killed: try await bed.cluster.postgres.start()
                }
                let clock = ContinuousClock()
                let back = clock.now
                try await caller.wait("all is taken and delivered") {
                    $0.has("in the outage, by the callee", in: call)
                }
                try await callee.wait("all is taken and delivered") { $0.has("in the outage, by the caller", in: call) }
                print("database \(outage.rawValue): delivered \((clock.now - back).inMilliseconds) after it was back")
                try await pair.rallyGoesOn()
                try await pair.hangUp()
                for device in pair.devices { #expect(device.seen.disconnects.isEmpty) }
            }
        }
    }
}
