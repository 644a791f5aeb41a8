import Foundation

/// Everything that a local cluster keeps: its topology, its secrets, and a directory for each server.
struct StateDirectory: Sendable {
    let path: String

    /// Shared secrets of the nodes; readable for its owner only.
    var secrets: String { "\(path)/secrets" }
    /// Secret that signs users' tokens.
    var tokenSecretFile: String { "\(secrets)/jwt.secret" }
    /// Secret that lets nodes link to each other.
    var peerSecretFile: String { "\(secrets)/peer.secret" }

    private var topologyFile: String { "\(path)/topology.json" }

    /// The directory of one server.
    func directory(of part: String) -> String { "\(path)/\(part)" }

    /// Makes directory and secrets where they are missing; existing secrets stay, for tokens made with them must stay good.
    func prepare() throws {
        try Files.makeDirectory(path)
        try Files.makeDirectory(secrets)
        chmod(secrets, 0o700)
        for file in [tokenSecretFile, peerSecretFile] where !FileManager.default.fileExists(atPath: file) {
            try Files.write(Self.makeSecret(), to: file, mode: 0o600)
        }
    }

    /// The topology of the last `up`; `nil` if there was none.
    func readTopology() throws -> Topology? {
        guard let data = FileManager.default.contents(atPath: topologyFile) else { return nil }
        do {
            return try JSONDecoder().decode(Topology.self, from: data)
        } catch {
            throw LocalClusterError.file(path: topologyFile, reason: "is damaged; remove it and bring the cluster up")
        }
    }

    func write(_ topology: Topology) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        try Files.write(String(decoding: try encoder.encode(topology), as: UTF8.self) + "\n", to: topologyFile)
    }

    /// 256 random bits in hexadecimal, from the system's generator.
    private static func makeSecret() -> String {
        var generator = SystemRandomNumberGenerator()
        return (0..<32).map { _ in
            let digits = String(UInt8.random(in: .min ... .max, using: &generator), radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined()
    }
}
