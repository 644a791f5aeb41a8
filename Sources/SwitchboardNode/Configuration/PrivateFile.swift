import Foundation

/// Files with keys, for their owner only.
enum PrivateFile {
    /// Makes the file, and its directory if that is missing; replaces what is there.
    ///
    /// - Throws: `SettingsError` if it can't be written.
    static func write(_ text: String, to path: String) throws(SettingsError) {
        let directory = URL(fileURLWithPath: path).deletingLastPathComponent()
        do {
            try FileManager.default.createDirectory(
                at: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw SettingsError(["\(directory.path) cannot be made: \(error.localizedDescription)"])
        }
        guard
            FileManager.default.createFile(
                atPath: path, contents: Data(text.utf8), attributes: [.posixPermissions: 0o600])
        else { throw SettingsError(["\(path) cannot be written"]) }
    }
}
