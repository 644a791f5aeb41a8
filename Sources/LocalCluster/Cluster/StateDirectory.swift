import Foundation

/// Everything that a local cluster keeps: its settings, its secrets, and a directory for each server.
struct StateDirectory: Sendable {
    let path: String

    /// Shared secrets of the nodes; readable for its owner only.
    var secrets: String { "\(path)/secrets" }
    /// Secret that signs users' tokens.
    var tokenSecretFile: String { "\(secrets)/jwt.secret" }
    /// Secret that lets nodes link to each other.
    var peerSecretFile: String { "\(secrets)/peer.secret" }

    private var settingsFile: String { "\(path)/cluster.json" }

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

    /// The settings of the last `up`; `nil` if there was none.
    func readSettings() throws -> ClusterSettings? {
        guard let data = FileManager.default.contents(atPath: settingsFile) else { return nil }
        do {
            return try JSONDecoder().decode(ClusterSettings.self, from: data)
        } catch {
            throw LocalClusterError.file(path: settingsFile, reason: "is damaged; remove it and bring the cluster up")
        }
    }

    func write(_ settings: ClusterSettings) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try Files.write(String(decoding: try encoder.encode(settings), as: UTF8.self) + "\n", to: settingsFile)
    }

    /// Keeps two commands from starting or stopping servers here at once.
    ///
    /// - Returns: The descriptor that holds the lock until it is closed, or the process ends.
    /// - Throws: ``LocalClusterError/file(path:reason:)`` if another command has it.
    func lock() throws -> Int32 {
        try Files.makeDirectory(path)
        let file = "\(path)/lock"
        let descriptor = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0, flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            if descriptor >= 0 { close(descriptor) }
            throw LocalClusterError.file(path: file, reason: "another command is at work on this cluster; try again")
        }
        return descriptor
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
