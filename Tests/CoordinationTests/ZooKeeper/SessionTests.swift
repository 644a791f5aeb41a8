import Coordination
import LocalCluster
import SwitchboardCore
import SwitchboardProtocol
import Testing
import ZooKeeperClient

@Suite("ZooKeeperCoordinator: sessions that end (real servers, each test its own)", .timeLimit(.minutes(3)))
struct SessionTests {
    @Test("A node whose session expires vanishes, and registers again as the same incarnation with its markers")
    func expiry() async throws {
        // A is served by one server only; when that stops, the other two end A's session.
        let ensemble = try ZooKeeperEnsemble(servers: 3)
        try await ensemble.start()
        let leader = try #require(await ensemble.leaderIndex())
        let follower = try #require((0..<3).first { $0 != leader })
        let a = TestCluster.zooKeeper(hosts: ensemble.connectString(of: follower), root: "/s") {
            $0.sessionTimeout = .seconds(1)
            $0.disconnectionGrace = .milliseconds(100)
        }
        let b = TestCluster.zooKeeper(hosts: ensemble.connectString(of: leader), root: "/s")
        let (expiring, witness) = (try await a.join(0), try await b.join(1))
        _ = try await expiring.perform(.create(.sample(1), leader: expiring.incarnation))
        _ = try await expiring.perform(.mark(.draining, true))
        try await witness.inbox.wait(until: "the marker is seen") {
            $0.memberLists.last?[expiring.incarnation]?.markers == [.draining]
        }

        await ensemble.pause(follower)
        try await witness.waitForMembers([witness.incarnation.text])
        try await expiring.inbox.wait(until: "elections are unavailable") { $0.availabilities.last == false }
        #expect(try await expiring.perform(.mark(.noStore, true)).isUnavailable)
        #expect(try await expiring.perform(.create(.sample(2), leader: expiring.incarnation)).isUnavailable)

        let told = expiring.inbox.memberLists.count
        await ensemble.resume(follower)
        try await expiring.waitUntilAvailable()
        #expect(expiring.inbox.memberLists.count > told)
        // The marker that was asked for meanwhile is set too.
        try await witness.inbox.wait(until: "the node is back with its markers") {
            $0.memberLists.last?[expiring.incarnation]?.markers == [.draining, .noStore]
        }
        // What it led stays its own, for nobody has claimed it.
        let read = try await expiring.perform(.read(.sample(1), sync: true))
        #expect(read == .leads(expiring.incarnation, version: 0))
        await expiring.close()
        try await witness.waitForMembers([witness.incarnation.text])
        await witness.close()
        #expect(expiring.miscounted.isEmpty)
        try await ensemble.stop()
    }

    @Test("After a wipe all nodes register again and elections begin anew")
    func wiped() async throws {
        let server = try await startServer()
        let cluster = TestCluster.zooKeeper(hosts: server.connectString, root: "/s") {
            $0.sessionTimeout = .seconds(2)
        }
        let (a, b) = (try await cluster.join(0), try await cluster.join(1))
        for node in [a, b] { try await node.waitForMembers(["n0.1", "n1.1"]) }
        _ = try await a.perform(.create(.sample(1), leader: a.incarnation))
        let told = [a, b].map { $0.inbox.memberLists.count }
        try await server.wipe()
        for node in [a, b] {
            try await node.inbox.wait(until: "elections are unavailable") { $0.availabilities.last == false }
        }
        try await server.start()
        for node in [a, b] {
            try await node.waitUntilAvailable()
        }
        let observer = try await RawClient.connect(server.connectString)
        try await waitUntil("both are registered again", within: .seconds(30)) {
            try await observer.client.children(of: "/s/nodes") == ["n0.1", "n1.1"]
        }
        await observer.client.close()
        // Whoever came back first did not take the other one for dead.
        for (node, told) in zip([a, b], told) {
            let since = node.inbox.memberLists.dropFirst(told)
            #expect(!since.isEmpty)
            #expect(since.allSatisfy { Set($0.keys) == [a.incarnation, b.incarnation] })
        }
        #expect(try await b.perform(.read(.sample(1), sync: true)) == .absent)
        #expect(try await b.perform(.create(.sample(1), leader: b.incarnation)) == .won(version: 0))
        for node in [a, b] { await node.close() }
        for node in [a, b] { #expect(node.miscounted.isEmpty) }
        try await server.stop()
    }

    @Test("A total outage ends no session: all is as before, commands meanwhile are refused at once")
    func outage() async throws {
        let server = try await startServer()
        let cluster = TestCluster.zooKeeper(hosts: server.connectString, root: "") {
            $0.sessionTimeout = .seconds(10)
            $0.disconnectionGrace = .milliseconds(50)
        }
        let node = try await cluster.join(0)
        let observer = try await RawClient.connect(server.connectString)
        let before = try #require(try await observer.client.exists("/nodes/n0.1"))
        try await server.killAll()
        try await node.inbox.wait(until: "elections are unavailable") { $0.availabilities.last == false }
        #expect(try await node.perform(.read(.sample(1), sync: true)).isUnavailable)
        try await server.start()
        try await node.waitUntilAvailable()
        try await observer.waitUntilConnected()
        #expect(try await observer.client.exists("/nodes/n0.1")?.ephemeralOwner == before.ephemeralOwner)
        #expect(node.inbox.availabilities == [true, false, true])
        #expect(node.inbox.memberLists.count == 1)
        #expect(try await node.perform(.create(.sample(1), leader: node.incarnation)) == .won(version: 0))
        await node.close()
        await observer.client.close()
        try await server.stop()
    }

    @Test(
        "Commands whose answers are lost learn their outcome on the next connection, without a word of unavailability")
    func lostAnswers() async throws {
        let server = try await startServer()
        let cluster = TestCluster.zooKeeper(hosts: server.connectString, root: "") {
            $0.sessionTimeout = .seconds(10)
            $0.disconnectionGrace = .seconds(60)
        }
        let node = try await cluster.join(0)
        _ = try await node.perform(.create(.sample(1), leader: Incarnation(trusted: "gone.1")))
        // The server does not get to answer before it dies; whether it gets to write is open.
        try await silence(server)
        let claim = node.submit(.claim(.sample(1), leader: node.incarnation, version: 0))
        let creates = (2...50 as ClosedRange<UInt64>).map {
            node.submit(.create(.sample($0), leader: node.incarnation))
        }
        let deletion = node.submit(.delete([ConversationClaim(conversation: .sample(99), version: 0)]))
        try await server.kill(0)
        #expect(try await node.result(of: deletion).isUnavailable)
        #expect(node.inbox.results(of: claim).isEmpty)
        try await server.start(0)
        #expect(try await node.result(of: claim) == .won(version: 1))
        for id in creates { #expect(try await node.result(of: id) == .won(version: 0)) }
        #expect(try await node.perform(.read(.sample(1), sync: true)) == .leads(node.incarnation, version: 1))
        #expect(node.inbox.availabilities == [true])
        await node.close()
        #expect(node.miscounted.isEmpty)
        try await server.stop()
    }

    @Test("Closing without a server that answers completes everything and returns")
    func closeInOutage() async throws {
        let server = try await startServer()
        let cluster = TestCluster.zooKeeper(hosts: server.connectString, root: "") {
            $0.disconnectionGrace = .seconds(60)
        }
        let node = try await cluster.join(0)
        try await silence(server)
        for number in 1...20 as ClosedRange<UInt64> { node.submit(.create(.sample(number), leader: node.incarnation)) }
        await node.close()
        #expect(node.inbox.completions.count == 20)
        #expect(node.inbox.completions.allSatisfy { $0.result.isUnavailable })
        #expect(node.inbox.availabilities == [true, false])
        await server.resume(0)
        try await server.stop()
    }

    /// Stops the one server where it stands, and returns when it has really stopped.
    private func silence(_ server: ZooKeeperEnsemble) async throws {
        await server.pause(0)
        try await waitUntil("the server falls silent", within: .seconds(10)) { await server.leaderIndex() == nil }
    }

    private func startServer() async throws -> ZooKeeperEnsemble {
        let server = try ZooKeeperEnsemble(servers: 1)
        try await server.start()
        return server
    }
}

extension CoordinatorResult {
    var isUnavailable: Bool {
        if case .unavailable = self { true } else { false }
    }
}
