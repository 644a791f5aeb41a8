import Foundation
import LocalCluster
import Testing

@Suite("LocalCluster (real ZooKeeper, PostgreSQL and HAProxy; a stand-in for the node)", .timeLimit(.minutes(4)))
struct LocalClusterTests {
    private func makeCluster(in state: String, topology: Topology, binary: String) throws -> LocalCluster {
        var options = LocalClusterOptions()
        options.binary = binary
        options.balance = "roundrobin"
        return try LocalCluster(topology: topology, directory: state, options: options)
    }

    private func pids(_ cluster: LocalCluster) async -> [Int32?] { await cluster.status().map(\.pid) }

    @Test("Up, up again, a node killed and restarted, down: nothing runs, and the state is still there")
    func wholeLife() async throws {
        let home = try TemporaryDirectory()
        let state = home.file("state")
        let binary = try StandInNode.write(into: home)
        let topology = try Topology.free(nodes: 2, zooKeepers: 1)
        let cluster = try makeCluster(in: state, topology: topology, binary: binary)
        try await cluster.up()
        #expect(await cluster.status().map(\.state) == Array(repeating: .ready, count: 5))
        let secret = try String(contentsOfFile: cluster.tokenSecretFile, encoding: .utf8)
        #expect(secret.count == 64)
        let before = await pids(cluster)

        // Somebody else in the same directory finds everything as it is.
        let again = try makeCluster(in: state, topology: topology, binary: binary)
        try await again.up()
        #expect(await pids(again) == before)
        #expect(try String(contentsOfFile: again.tokenSecretFile, encoding: .utf8) == secret)
        #expect(try LocalCluster.savedSettings(in: state) == cluster.settings)
        #expect(await pids(try LocalCluster.existing(in: state)) == before)

        #expect(try await cluster.leader(of: "known") == CallLeader(incarnation: "n1.7f", epoch: 3))
        #expect(try await cluster.leader(of: "known")?.node == "n1")
        #expect(try await cluster.leader(of: "no/such") == nil)

        try await again.kill("n1")
        #expect(await cluster.status().first { $0.name == "n1" }?.state == .down)
        // The balancer goes on with the other node.
        let answer = try #require(await LoopbackRequest.get("/", port: topology.balancerPort))
        #expect(answer.status == 200)
        #expect(answer.body.contains("\"n2\""))
        try await cluster.restart("n1")
        #expect(await cluster.status().map(\.state) == Array(repeating: .ready, count: 5))

        try await cluster.pause("n2")
        #expect(await cluster.status().first { $0.name == "n2" }?.state == .paused)
        try await cluster.resume("n2")
        try await cluster.down()
        #expect(await pids(again) == Array(repeating: nil, count: 5))
        for port in topology.nodes.map(\.listenPort) + [topology.balancerPort, topology.postgresPort] {
            #expect(FreePorts.isFree(port))
        }
        #expect(try String(contentsOfFile: cluster.tokenSecretFile, encoding: .utf8) == secret)
        try await cluster.wipe()
        #expect(!FileManager.default.fileExists(atPath: state))
    }

    @Test("A part that the cluster does not have is told with those that it has")
    func unknownPart() async throws {
        let cluster = try LocalCluster(topology: .free(nodes: 1, zooKeepers: 1))
        let known = ["zookeeper-1", "postgres", "n1", "haproxy"]
        await #expect(throws: LocalClusterError.unknownPart(name: "n9", known: known)) { try await cluster.kill("n9") }
    }

    @Test("A node program that is not there, and a port that is taken, are told as such")
    func startFailures() async throws {
        let home = try TemporaryDirectory()
        let topology = try Topology.free(nodes: 1, zooKeepers: 1)
        let cluster = try makeCluster(in: home.file("state"), topology: topology, binary: home.file("missing"))
        await #expect {
            try await cluster.start("n1")
        } throws: { error in
            "\(error)".contains("swift build --product switchboard")
        }
        let other = try Topology.fixed(balancerPort: topology.balancerPort, basePort: 30_000, nodes: 1, zooKeepers: 1)
        #expect(other.balancerPort == topology.balancerPort)
        let binary = try StandInNode.write(into: home)
        let first = try makeCluster(in: home.file("a"), topology: topology, binary: binary)
        await #expect(throws: (any Error).self) { try await first.start("haproxy", within: .milliseconds(500)) }
        let second = try makeCluster(in: home.file("b"), topology: topology, binary: binary)
        await #expect(throws: LocalClusterError.portTaken(port: topology.balancerPort, neededBy: "haproxy")) {
            try await second.start("haproxy")
        }
        try await first.down()
    }
}
