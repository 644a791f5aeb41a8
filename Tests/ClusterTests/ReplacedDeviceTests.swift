import SwitchboardClient
import SwitchboardProtocol
import SwitchboardTestKit
import Testing

extension ClusterTests {
    @Suite("A device connects a second time")
    struct ReplacedDeviceTests {
        @Test("at another node: its newer connection closes the older, which stays away")
        func atAnotherNode() async throws {
            try await Testbed.run { bed in
                let older = try await bed.device("alice", "tab", at: "n1")
                bed.expectsReplacement(of: older)
                try await older.connect()
                let newer = try await bed.device("alice", "tab", at: "n2", connections: 7)
                try await newer.connect()
                try await older.wait("its session has ended") { $0.end != nil }
                guard case .refused(let code, let error)? = older.seen.end else {
                    Issue.record("it ended by \(String(describing: older.seen.end))")
                    return
                }
                #expect(code == 4502)
                #expect(error?.name == "replaced")

                // The newer one is the device now: a call comes to it.
                let caller = try await bed.device("bob", "phone", at: "n3")
                try await caller.connect()
                let call = bed.newCall()
                try await caller.send(.invite(bed.user("alice")), in: call)
                try await newer.wait("it rings") { $0.has("invite", in: call) }
                #expect(newer.seen.disconnects.isEmpty)
                #expect(older.seen.deliveries[call] == nil)
            }
        }

        @Test("and an older connection that comes late is turned away by the same node")
        func lateOlder() async throws {
            try await Testbed.run { bed in
                let newer = try await bed.device("alice", "tab", at: "n1", connections: 7)
                try await newer.connect()
                let older = try await bed.device("alice", "tab", at: "n1", connections: 2)
                bed.expectsReplacement(of: older)
                await #expect(throws: (any Error).self) { try await older.connect(within: .seconds(3)) }
                guard case .refused(4502, _)? = older.seen.end else {
                    Issue.record("it ended by \(String(describing: older.seen.end))")
                    return
                }
                #expect(newer.seen.end == nil && newer.seen.disconnects.isEmpty)
            }
        }
    }
}
