import LocalCluster
import SwitchboardClient
import SwitchboardProbe

/// A cluster on loopback that lives as long as a benchmark.
enum OwnCluster {
    static func with<Result>(nodes: Int, _ body: (BenchTarget) async throws -> Result) async throws -> Result {
        let progress = ProgressLine()
        let cluster = try LocalCluster(topology: try .free(nodes: nodes)) { progress.say($0) }
        do {
            try await cluster.up()
            let result = try await body(try await target(cluster))
            try await cluster.down()
            return result
        } catch {
            // The reason that counts is the first.
            try? await cluster.down()
            throw error
        }
    }

    private static func target(_ cluster: LocalCluster) async throws -> BenchTarget {
        var target = BenchTarget(
            endpoints: try cluster.topology.nodes.map { try ServerEndpoint(url: "ws://127.0.0.1:\($0.listenPort)") },
            credentials: .secret(try await TokenMaker(secretFile: cluster.tokenSecretFile)),
            conninfo: cluster.postgres.url)
        for node in cluster.topology.nodes {
            target.nodeProcesses.append(try await cluster.runningProcess(node.name).pid)
        }
        return target
    }
}
