import SwitchboardProtocol
import Testing

@testable import SwitchboardCore

/// Rows that should have gone are found from time to time.
@Suite struct PresenceTests {
    private static func withdrawn(_ node: NodeUnderTest) -> [PresenceKey] {
        node.actions.flatMap { action -> [PresenceKey] in
            if case .store(.withdraw(let keys), _) = action { keys } else { [] }
        }
    }

    private static func forgotten(_ node: NodeUnderTest) -> [Incarnation] {
        node.actions.compactMap { if case .store(.forget(let incarnation), _) = $0 { incarnation } else { nil } }
    }

    private static func row(_ node: NodeUnderTest, _ user: String, _ device: String, _ connection: UInt64)
        -> PresenceRow
    {
        PresenceRow(
            key: PresenceKey(
                address: DeviceAddress(user: UserID(trusted: user), device: DeviceID(trusted: device)),
                incarnation: node.core.configuration.incarnation, connection: ConnectionID(connection)),
            counter: 1)
    }

    @Test func aRowWithoutItsConnectionIsWithdrawn() {
        var node = NodeUnderTest()
        node.hello("alice", 1)
        node.answerStore(.announced([:])) { if case .announce = $0 { true } else { false } }
        node.tick(.seconds(180))
        let (live, stale) = (Self.row(node, "alice", "d1", 1), Self.row(node, "bob", "d2", 2))
        node.answerStore(.presence([live.key.address.user: [live], stale.key.address.user: [stale]])) {
            if case .readOwnPresence = $0 { true } else { false }
        }
        #expect(Self.withdrawn(node) == [stale.key])
    }

    @Test func rowsOfNodesThatAreGoneAreDeletedWhenTheyAreStrangersTwice() {
        var node = NodeUnderTest()
        let gone = Incarnation(trusted: "old.1")
        let present = StoreResult.incarnations([node.core.configuration.incarnation, NodeUnderTest.other, gone])
        for round in 1...2 {
            node.tick(.seconds(180))
            node.answerStore(present) { if case .readPresentIncarnations = $0 { true } else { false } }
            #expect(Self.forgotten(node) == (round == 2 ? [gone] : []))
        }
    }
}
