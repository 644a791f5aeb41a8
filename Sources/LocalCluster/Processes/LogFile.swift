import Foundation

/// Reads the end of log files.
public enum LogFile {
    /// The last `lines` lines of a file, at most 64 KiB; empty if it cannot be read.
    public static func tail(of path: String, lines: Int) -> String {
        guard let handle = FileHandle(forReadingAtPath: path) else { return "" }
        defer { try? handle.close() }
        let limit: UInt64 = 64 * 1024
        guard let size = try? handle.seekToEnd() else { return "" }
        try? handle.seek(toOffset: size > limit ? size - limit : 0)
        guard let data = try? handle.readToEnd() else { return "" }
        let all = String(decoding: data, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        let kept = all.last == "" ? all.dropLast() : all[...]
        return kept.suffix(lines).joined(separator: "\n")
    }
}
