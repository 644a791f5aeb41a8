import Foundation

/// A file that holds one text, and white space around it at most.
enum TextFile {
    /// - Throws: `ProbeError.unreadable`.
    static func read(_ path: String) throws -> String {
        guard let data = FileManager.default.contents(atPath: path) else { throw ProbeError.unreadable(path) }
        return String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
