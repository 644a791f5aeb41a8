import Coordination
import LocalCluster
import SwitchboardCore
import SwitchboardProtocol
import Testing
import ZooKeeperClient

@Suite("ZooKeeperCoordinator: what stands in the tree (a real server)", .timeLimit(.minutes(2)))
struct TreeTests {
    @Test(
        "Start makes the persistent nodes; a conversation's node names its leader; only the registration is ephemeral")
    func layout() async throws {
        try await withRoot { hosts, root, observer in
            let cluster = TestCluster.zooKeeper(hosts: hosts, root: root)
            let node = try await cluster.join(0)
            #expect(try await observer.children(of: "\(root)/conversations").count == 256)
            let conversation = try #require(ConversationID("AB000000-0000-4000-8000-000000000001"))
            _ = try await node.perform(.create(conversation, leader: node.incarnation))
            let path = "\(root)/conversations/ab/ab000000-0000-4000-8000-000000000001"
            let (data, status) = try await observer.get(path)
            #expect(String(decoding: data, as: UTF8.self) == "n0.1")
            #expect(status.ephemeralOwner == nil)
            _ = try await node.perform(.mark(.noStore, true))
            #expect(try await observer.children(of: "\(root)/nodes") == ["n0.1", "n0.1.nostore"])
            let registration = try await observer.get("\(root)/nodes/n0.1")
            let owner = try #require(registration.status.ephemeralOwner)
            #expect(try await observer.exists("\(root)/nodes/n0.1.nostore")?.ephemeralOwner == owner)
            #expect(
                String(decoding: registration.data, as: UTF8.self)
                    == #"{"datacenter":"east","featureLevel":3,"host":"n0.1.example","port":7000,"software":"1.2.3"}"#)
            await node.close()
            #expect(try await observer.children(of: "\(root)/nodes") == [])
            #expect(try await observer.exists(path) != nil)
        }
    }

    @Test("A registration left by an earlier session is replaced without a moment in which the node is missing")
    func leftover() async throws {
        try await withRoot { hosts, root, observer in
            let cluster = TestCluster.zooKeeper(hosts: hosts, root: root)
            let witness = try await cluster.join(1)
            let earlier = try await RawClient.connect(hosts)
            let record = Array(#"{"host":"n0.1.example","port":7000}"#.utf8)
            try await earlier.client.create("\(root)/nodes/n0.1", data: record, mode: .ephemeral)
            try await earlier.client.create("\(root)/nodes/n0.1.draining", mode: .ephemeral)
            try await witness.inbox.wait(until: "the leftovers are seen") {
                $0.memberLists.last?[Incarnation(trusted: "n0.1")]?.markers == [.draining]
            }
            let since = witness.inbox.memberLists.count
            let node = try await cluster.join(0)
            // Nobody wants it to drain any more.
            try await witness.inbox.wait(until: "the marker is gone") {
                $0.memberLists.last?[node.incarnation]?.markers == []
            }
            await earlier.client.close()
            // The end of the earlier session takes nothing along. The witness sees its own mark after whatever that did.
            _ = try await witness.perform(.mark(.draining, true))
            try await witness.inbox.wait(until: "the mark is seen") {
                $0.memberLists.last?[witness.incarnation]?.markers == [.draining]
            }
            #expect(witness.inbox.memberLists.dropFirst(since).allSatisfy { $0[node.incarnation] != nil })
            for node in cluster.nodes { await node.close() }
        }
    }

    @Test("Somebody deletes a registration or a bucket by hand: it is made again")
    func repair() async throws {
        try await withRoot { hosts, root, observer in
            let cluster = TestCluster.zooKeeper(hosts: hosts, root: root)
            let node = try await cluster.join(0)
            let lists = node.inbox.memberLists.count
            try await observer.delete("\(root)/nodes/n0.1")
            try await node.inbox.wait(until: "it is registered again") { inbox in
                inbox.memberLists.count > lists && inbox.memberLists.last?.keys.contains(node.incarnation) == true
            }
            #expect(try await observer.exists("\(root)/nodes/n0.1") != nil)
            let conversation = ConversationID(high: 0xCD << 56, low: 1)
            try await observer.delete("\(root)/conversations/cd")
            #expect(try await node.perform(.create(conversation, leader: node.incarnation)) == .won(version: 0))
            await node.close()
        }
    }

    @Test("Newer and older nodes' registrations are understood, others ignored")
    func foreignMembers() async throws {
        try await withRoot { hosts, root, observer in
            let cluster = TestCluster.zooKeeper(hosts: hosts, root: root)
            let node = try await cluster.join(0)
            let newer = #"{"host":"h","port":1,"featureLevel":9,"shoeSize":[43],"software":"9"}"#
            try await observer.create("\(root)/nodes/newer.1", data: Array(newer.utf8))
            try await observer.create("\(root)/nodes/older.1", data: Array(#"{"host":"h","port":2}"#.utf8))
            try await observer.create("\(root)/nodes/garbled.1", data: [0xFF, 0x00])
            try await observer.create("\(root)/nodes/newer.1.unheard-of", mode: .ephemeral)
            try await observer.create("\(root)/nodes/gone.1.draining", mode: .ephemeral)
            try await observer.create("\(root)/nodes/last.1", data: Array(#"{"host":"h","port":3}"#.utf8))
            try await node.waitForMembers(["n0.1", "newer.1", "older.1", "last.1"])
            let members = try #require(node.inbox.memberLists.last)
            #expect(
                members[Incarnation(trusted: "newer.1")]
                    == NodeMember(
                        address: PeerAddress(host: "h", port: 1), datacenter: "", featureLevel: 9, software: "9"))
            #expect(
                members[Incarnation(trusted: "older.1")]
                    == NodeMember(
                        address: PeerAddress(host: "h", port: 2), datacenter: "", featureLevel: 0, software: ""))
            await node.close()
        }
    }

    @Test("A conversation's node that names nobody is told as unavailable, with what to do")
    func garbledConversation() async throws {
        try await withRoot { hosts, root, observer in
            let cluster = TestCluster.zooKeeper(hosts: hosts, root: root)
            let node = try await cluster.join(0)
            let path = "\(root)/conversations/cd/\(ConversationID(high: 0xCD << 56, low: 1))"
            try await observer.create(path, data: [0xFF])
            let result = try await node.perform(
                .create(ConversationID(high: 0xCD << 56, low: 1), leader: node.incarnation))
            #expect(result == .unavailable(reason: "\(path) does not name an incarnation; delete it"))
            await node.close()
        }
    }

    @Test("Commands beyond the bound are refused at once, the others are carried out")
    func bound() async throws {
        try await withRoot { hosts, root, _ in
            let cluster = TestCluster.zooKeeper(hosts: hosts, root: root) { $0.maximumCommandsInFlight = 10 }
            let node = try await cluster.join(0)
            let ids = (1...500 as ClosedRange<UInt64>).map {
                node.submit(.create(.sample($0), leader: node.incarnation))
            }
            var results: [CoordinatorResult] = []
            for id in ids { results.append(try await node.result(of: id)) }
            let refused = CoordinatorResult.unavailable(reason: "too many commands in flight; wait for answers")
            #expect(results.allSatisfy { $0 == .won(version: 0) || $0 == refused })
            #expect(results.contains(refused))
            #expect(results.prefix(10).allSatisfy { $0 == .won(version: 0) })
            #expect(try await node.perform(.create(.sample(501), leader: node.incarnation)) == .won(version: 0))
            await node.close()
        }
    }

    @Test("A configuration that cannot work is refused with a reason")
    func configuration() {
        for name in ["a/b", "n1.draining", "n1.nostore", ".", ".."] {
            let incarnation = Incarnation(trusted: name)
            #expect(throws: CoordinationError.invalidIncarnation(incarnation)) { try make(incarnation, root: "") }
        }
        for root in ["switchboard", "/", "/a//b", "/a/", "/a/../b"] {
            #expect(throws: CoordinationError.invalidRoot(root)) { try make(Incarnation(trusted: "n.1"), root: root) }
        }
    }

    private func make(_ incarnation: Incarnation, root: String) throws {
        let member = NodeMember(
            address: PeerAddress(host: "h", port: 1), datacenter: "", featureLevel: 1, software: "")
        _ = try ZooKeeperCoordinator(
            ZooKeeperCoordinatorConfiguration(
                hosts: "127.0.0.1:1", root: root, incarnation: incarnation, member: member)
        ) { _ in }
    }

    private func withRoot(
        _ test: String = #function, _ body: (String, String, ZooKeeperClient) async throws -> Void
    ) async throws {
        let hosts = try await SharedServer.hosts()
        let observer = try await RawClient.connect(hosts)
        try await body(hosts, SharedServer.freshRoot(test), observer.client)
        await observer.client.close()
    }
}
