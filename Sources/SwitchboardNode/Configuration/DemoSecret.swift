import Foundation

/// The secret of a standalone node's demo tokens: made once, kept beside its data, readable for its owner only.
enum DemoSecret {
    /// - Throws: `SettingsError` if the directory can't be written.
    static func readOrMake(beside store: String) throws(SettingsError) -> Secret {
        do {
            return Secret(try bytes(beside: store))
        } catch {
            throw SettingsError(["the directory of \(store) cannot be written: \(error.localizedDescription)"])
        }
    }

    private static func bytes(beside store: String) throws -> [UInt8] {
        let directory = URL(fileURLWithPath: store).deletingLastPathComponent()
        let file = directory.appendingPathComponent("demo.secret")
        if let data = try? Data(contentsOf: file), data.count >= 32 {
            return Array(data)
        }
        try FileManager.default.createDirectory(
            at: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        var generator = SystemRandomNumberGenerator()
        let secret = (0..<32).map { _ in UInt8.random(in: 33...126, using: &generator) }
        guard
            FileManager.default.createFile(
                atPath: file.path, contents: Data(secret), attributes: [.posixPermissions: 0o600])
        else { throw CocoaError(.fileWriteUnknown) }
        return secret
    }
}
