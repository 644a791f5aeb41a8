import ArgumentParser
import SwitchboardClient
import SwitchboardProbe

/// Which cluster to measure.
struct TargetOptions: ParsableArguments {
    @Option(help: "A node; give several and users are spread over them (default: a cluster of its own).")
    var url: [String] = []
    @Option(help: "File with the secret that signs tokens (HS256); needed with --url.")
    var secretFile: String?
    @Option(help: "Nodes of the cluster that it starts itself, 1 to 9.")
    var nodes = 3
    @Flag(help: "Print one JSON object with what was measured as the last line.")
    var json = false

    func validate() throws {
        guard url.isEmpty == (secretFile == nil) else {
            throw ValidationError("--url and --secret-file belong together.")
        }
        guard (1...9).contains(nodes) else { throw ValidationError("--nodes lies between 1 and 9.") }
    }

    /// Runs a benchmark against the cluster that was named, or one that lives as long.
    func withTarget<Result>(_ body: (BenchTarget) async throws -> Result) async throws -> Result {
        guard let secretFile else { return try await OwnCluster.with(nodes: nodes, body) }
        return try await body(
            BenchTarget(
                endpoints: try url.map { try ServerEndpoint(url: $0) },
                credentials: .secret(try await TokenMaker(secretFile: secretFile))))
    }
}

/// A cluster as a benchmark sees it.
struct BenchTarget: Sendable {
    /// One per node.
    var endpoints: [ServerEndpoint]
    var credentials: Credentials
    /// Its nodes' processes, where they are known.
    var nodeProcesses: [Int32] = []
    /// Its database, where it is known.
    var conninfo: String?
}
