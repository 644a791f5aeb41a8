import Foundation

/// A directory of its own under the system's temporary directory, removed with its content when the value goes away.
///
/// Keep it alive as long as the servers that live in it.
public final class TemporaryDirectory: Sendable {
    /// Absolute path.
    public let path: String

    /// Makes the directory.
    ///
    /// - Parameter label: Part of its name, to tell whose it is.
    /// - Throws: ``LocalClusterError/file(path:reason:)``.
    public init(label: String = "test") throws {
        let base = ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp"
        // Short, for Unix sockets in it must have a path of at most 107 bytes.
        var template = Array("\(base)/swb-\(label)-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else {
            throw LocalClusterError.file(path: base, reason: String(cString: strerror(errno)))
        }
        path = String(cString: made)
        // Servers that run as another user must be able to pass through.
        guard chmod(path, 0o755) == 0 else {
            throw LocalClusterError.file(path: path, reason: String(cString: strerror(errno)))
        }
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    /// Path of something in the directory.
    public func file(_ name: String) -> String { "\(path)/\(name)" }

    /// Removes it now.
    public func remove() throws {
        try FileManager.default.removeItem(atPath: path)
    }
}
