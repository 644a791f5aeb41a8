import SwitchboardCore
import SwitchboardProtocol
import Testing
import ZooKeeperClient

@testable import Coordination

@Suite("CoordinatorStateMachine (pure)")
struct CoordinatorStateMachineTests {
    private let first = ZooKeeperSessionID(rawValue: 1)
    private let second = ZooKeeperSessionID(rawValue: 2)

    /// A node that is registered, in its first session.
    private func started(_ ensemble: inout SimulatedEnsemble) throws -> SimulatedNode {
        var node = try SimulatedNode("me.1")
        node.openClient()
        node.connect(first)
        settle(&node, &ensemble)
        #expect(node.availabilities == [true])
        return node
    }

    /// All requests are answered and all watches told, until there are none.
    private func settle(_ node: inout SimulatedNode, _ ensemble: inout SimulatedEnsemble) {
        while !node.inFlight.isEmpty || !ensemble.fired.isEmpty {
            for (_, path) in ensemble.takeFired() { node.take { $0.happened(.childrenChanged(path: path)) } }
            node.answerNext(by: &ensemble)
        }
    }

    private func isUnavailable(_ results: [CoordinatorResult]) -> Bool {
        if case .unavailable? = results.first { results.count == 1 } else { false }
    }

    private func create(_ number: UInt64) -> CoordinatorCommand {
        .create(.sample(number), leader: Incarnation(trusted: "me.1"))
    }

    @Test("Before the node is registered, commands are refused at once")
    func notYet() throws {
        var ensemble = SimulatedEnsemble()
        var node = try SimulatedNode("me.1")
        node.submit(create(1), 1)
        node.openClient()
        node.submit(create(1), 2)
        node.connect(first)
        node.submit(create(1), 3)
        for id in 1...3 as ClosedRange<UInt64> { #expect(isUnavailable(node.results(id))) }
        settle(&node, &ensemble)
        node.submit(create(1), 4)
        settle(&node, &ensemble)
        #expect(node.results(4) == [.won(version: 0)])
    }

    @Test("A short disconnection is not told; what was in flight learns its outcome, what comes meanwhile is refused")
    func shortDisconnection() throws {
        var ensemble = SimulatedEnsemble()
        var node = try started(&ensemble)
        node.submit(create(1), 1)
        node.submit(create(2), 2)
        node.disconnect(carryingOut: 1, by: &ensemble)
        node.submit(create(3), 3)
        #expect(isUnavailable(node.results(3)))
        #expect(node.results(1) == [] && node.results(2) == [])
        node.connect(first)
        settle(&node, &ensemble)
        #expect(node.results(1) == [.won(version: 0)])
        #expect(node.results(2) == [.won(version: 0)])
        // The timer of the grace comes too late to matter.
        let grace = try #require(node.timers.firstIndex(of: .grace(disconnection: 1)))
        node.fire(grace)
        #expect(node.availabilities == [true])
        #expect(node.memberLists.count == 1)
    }

    @Test("When the grace is over, what waits is unavailable, and so are elections, until the connection is back")
    func longDisconnection() throws {
        var ensemble = SimulatedEnsemble()
        var node = try started(&ensemble)
        node.submit(create(1), 1)
        node.disconnect(carryingOut: 0, by: &ensemble)
        node.fire(try #require(node.timers.firstIndex(of: .grace(disconnection: 1))))
        #expect(isUnavailable(node.results(1)))
        #expect(node.availabilities == [true, false])
        node.connect(first)
        settle(&node, &ensemble)
        #expect(node.availabilities == [true, false, true])
        #expect(node.results(1).count == 1)
    }

    @Test("The grace of one disconnection does not end the next one")
    func twoDisconnections() throws {
        var ensemble = SimulatedEnsemble()
        var node = try started(&ensemble)
        node.disconnect(carryingOut: 0, by: &ensemble)
        node.connect(first)
        settle(&node, &ensemble)
        node.disconnect(carryingOut: 0, by: &ensemble)
        node.fire(try #require(node.timers.firstIndex(of: .grace(disconnection: 1))))
        #expect(node.availabilities == [true])
        node.fire(try #require(node.timers.firstIndex(of: .grace(disconnection: 2))))
        #expect(node.availabilities == [true, false])
    }

    @Test("Expiry fails everything in order and leads to a new session with the same registration and markers")
    func expiry() throws {
        var ensemble = SimulatedEnsemble()
        var node = try started(&ensemble)
        node.submit(.mark(.noStore, true), 1)
        settle(&node, &ensemble)
        for id in 2...4 as ClosedRange<UInt64> { node.submit(create(id), id) }
        let abandoned = node.inFlight.map(\.id)
        node.expire()
        #expect(node.availabilities == [true, false])
        for id in 2...4 as ClosedRange<UInt64> { #expect(isUnavailable(node.results(id))) }
        node.submit(.mark(.draining, true), 5)
        node.submit(.mark(.noStore, false), 6)
        #expect(isUnavailable(node.results(5)) && isUnavailable(node.results(6)))
        // Answers of the old session, should any still come, mean nothing.
        for id in abandoned { node.take { $0.happened(.completed(id, .success(.created))) } }

        // The old session's nodes still stand.
        node.fire(try #require(node.timers.firstIndex(of: .reopening)))
        #expect(node.wishesClient)
        node.openClient()
        node.connect(second)
        settle(&node, &ensemble)
        #expect(ensemble.nodes["/nodes/me.1"]?.owner == second)
        #expect(ensemble.nodes["/nodes/me.1.draining"]?.owner == second)
        #expect(ensemble.nodes["/nodes/me.1.nostore"] == nil)
        #expect(node.memberLists.last?[node.incarnation]?.markers == [.draining])
        #expect(node.availabilities == [true, false, true])
        ensemble.end(first)
        #expect(ensemble.children(of: "/nodes").sorted() == ["me.1", "me.1.draining"])
        for id in 2...4 as ClosedRange<UInt64> { #expect(node.results(id).count == 1) }
    }

    @Test("A session that is presumed dead is replaced, for a wiped ensemble would never take it back")
    func presumedExpired() throws {
        var ensemble = SimulatedEnsemble()
        var node = try started(&ensemble)
        node.disconnect(carryingOut: 0, by: &ensemble)
        node.take { $0.happened(.session(.presumedExpired)) }
        #expect(!node.hasClient)
        #expect(node.availabilities == [true, false])
        node.fire(try #require(node.timers.firstIndex(of: .reopening)))
        node.openClient()
        node.connect(second)
        settle(&node, &ensemble)
        #expect(node.availabilities == [true, false, true])
    }

    @Test(
        "After a lost session, those who are missing since count as members until they are back or have had their time")
    func settling() throws {
        var ensemble = SimulatedEnsemble()
        var node = try started(&ensemble)
        let record = Array(#"{"host":"h","port":1}"#.utf8)
        for name in ["back.1", "gone.1"] {
            _ = ensemble.perform(.create(path: "/nodes/\(name)", data: record, mode: .ephemeral), in: second)
        }
        settle(&node, &ensemble)
        let all = Set(["me.1", "back.1", "gone.1"].map { Incarnation(trusted: $0) })
        #expect(node.memberLists.last.map { Set($0.keys) } == all)

        ensemble = SimulatedEnsemble()
        let told = node.memberLists.count
        node.expire()
        node.fire(try #require(node.timers.firstIndex(of: .reopening)))
        node.openClient()
        node.connect(ZooKeeperSessionID(rawValue: 3))
        settle(&node, &ensemble)
        _ = ensemble.perform(
            .create(path: "/nodes/back.1", data: record, mode: .ephemeral), in: ZooKeeperSessionID(rawValue: 4))
        settle(&node, &ensemble)
        #expect(node.memberLists.count > told)
        #expect(node.memberLists.dropFirst(told).allSatisfy { Set($0.keys) == all })
        node.fire(try #require(node.timers.firstIndex(of: .settling(lostSession: 1))))
        #expect(node.memberLists.last.map { Set($0.keys) } == all.subtracting([Incarnation(trusted: "gone.1")]))
        // From now on who leaves is told at once.
        ensemble.end(ZooKeeperSessionID(rawValue: 4))
        settle(&node, &ensemble)
        #expect(node.memberLists.last.map { Set($0.keys) } == [node.incarnation])
    }

    @Test("Members that change while they are being read are read again")
    func changeWhileReading() throws {
        var ensemble = SimulatedEnsemble()
        var node = try started(&ensemble)
        let record = Array(#"{"host":"h","port":1}"#.utf8)
        _ = ensemble.perform(.create(path: "/nodes/a.1", data: record, mode: .ephemeral), in: second)
        for (_, path) in ensemble.takeFired() { node.take { $0.happened(.childrenChanged(path: path)) } }
        node.answerNext(by: &ensemble)
        // Listed, not read yet: now it goes and another one comes.
        ensemble.end(second)
        _ = ensemble.perform(.create(path: "/nodes/b.1", data: record, mode: .ephemeral), in: second)
        settle(&node, &ensemble)
        #expect(node.memberLists.last.map { Set($0.keys.map(\.text)) } == ["me.1", "b.1"])
        #expect(node.memberLists.allSatisfy { !$0.keys.contains(Incarnation(trusted: "a.1")) })
    }

    @Test("A marker that could not be set is set by the upkeep")
    func failedMark() throws {
        var ensemble = SimulatedEnsemble()
        var node = try started(&ensemble)
        node.submit(.mark(.draining, true), 1)
        let id = try #require(node.inFlight.first?.id)
        node.take { $0.happened(.completed(id, .failure(.overloaded))) }
        #expect(isUnavailable(node.results(1)))
        node.fire(try #require(node.timers.indices.last))
        settle(&node, &ensemble)
        #expect(node.memberLists.last?[node.incarnation]?.markers == [.draining])
    }

    @Test("An upkeep that fails is tried again after a while, as often as it takes")
    func failedUpkeep() throws {
        var ensemble = SimulatedEnsemble()
        var node = try SimulatedNode("me.1")
        node.openClient()
        node.connect(first)
        for _ in 0..<5 {
            let id = try #require(node.inFlight.last?.id)
            node.take { $0.happened(.completed(id, .failure(.noAuth))) }
            // The other answers of the failed run mean nothing.
            settle(&node, &ensemble)
            #expect(node.availabilities == [])
            node.fire(try #require(node.timers.indices.last))
        }
        settle(&node, &ensemble)
        #expect(node.availabilities == [true])
    }

    @Test("Late answers to an upkeep that was given up do not disturb the next one")
    func lateUpkeep() throws {
        var ensemble = SimulatedEnsemble()
        var node = try SimulatedNode("me.1")
        node.openClient()
        node.connect(first)
        let late = try #require(node.inFlight.first?.id)
        let failing = try #require(node.inFlight.last?.id)
        node.take { $0.happened(.completed(failing, .failure(.operationTimeout))) }
        node.fire(try #require(node.timers.indices.last))
        node.take { $0.happened(.completed(late, .failure(.operationTimeout))) }
        settle(&node, &ensemble)
        #expect(node.availabilities == [true])
        #expect(node.timers.isEmpty)
    }

    @Test("Commands beyond the bound are refused, and taken again when there is room")
    func bound() throws {
        var ensemble = SimulatedEnsemble()
        var node = try SimulatedNode("me.1", maximumCommandsInFlight: 2)
        node.openClient()
        node.connect(first)
        settle(&node, &ensemble)
        for id in 1...3 as ClosedRange<UInt64> { node.submit(create(id), id) }
        #expect(isUnavailable(node.results(3)))
        node.answerNext(by: &ensemble)
        node.submit(create(4), 4)
        settle(&node, &ensemble)
        for id in [1, 2, 4] as [UInt64] { #expect(node.results(id) == [.won(version: 0)]) }
    }

    @Test("Closing completes everything, whatever the phase")
    func closing() throws {
        var ensemble = SimulatedEnsemble()
        // While a client is being made.
        var opening = try SimulatedNode("me.1")
        opening.take { $0.closeRequested() }
        #expect(!opening.isFinished)
        opening.openClient()
        #expect(opening.isFinished)
        // While it cannot be made.
        var failing = try SimulatedNode("me.1")
        failing.take { $0.openingFailed(.cannotStart(reason: "no such host")) }
        failing.take { $0.closeRequested() }
        #expect(failing.isFinished)
        failing.fire(0)
        #expect(!failing.hasClient)
        // With commands in flight, and with commands that wait for the connection.
        for disconnects in [false, true] {
            var node = try started(&ensemble)
            node.submit(create(1), 1)
            node.submit(.mark(.draining, true), 2)
            if disconnects { node.disconnect(carryingOut: 0, by: &ensemble) }
            node.take { $0.closeRequested() }
            node.take { $0.closeRequested() }
            #expect(node.isFinished)
            #expect(isUnavailable(node.results(1)) && isUnavailable(node.results(2)))
            #expect(node.availabilities == [true, false])
            node.submit(create(3), 3)
            #expect(isUnavailable(node.results(3)))
            ensemble = SimulatedEnsemble()
        }
    }
}
