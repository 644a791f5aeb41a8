import Foundation
import Synchronization

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
        _ = Self.cleanUp
        // Short, for Unix sockets in it must have a path of at most 107 bytes.
        var template = Array("\(base)/\(Self.prefix)\(getpid())-\(label)-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else {
            throw LocalClusterError.file(path: base, reason: String(cString: strerror(errno)))
        }
        path = String(cString: made)
        // Servers that run as another user must be able to pass through.
        guard chmod(path, 0o755) == 0 else {
            throw LocalClusterError.file(path: path, reason: String(cString: strerror(errno)))
        }
        _ = Self.live.withLock { $0.insert(path) }
    }

    deinit {
        _ = Self.live.withLock { $0.remove(path) }
        try? FileManager.default.removeItem(atPath: path)
    }

    /// Path of something in the directory.
    public func file(_ name: String) -> String { "\(path)/\(name)" }

    /// Removes it now.
    public func remove() throws {
        try FileManager.default.removeItem(atPath: path)
    }

    private static let prefix = "swb-"
    private static let live = Mutex<Set<String>>([])

    /// Done once in a process: at its end remove what is left, and now what killed processes have left.
    private static let cleanUp: Void = {
        atexit {
            for path in TemporaryDirectory.live.withLock({ $0 }) { try? FileManager.default.removeItem(atPath: path) }
        }
        let base = ProcessInfo.processInfo.environment["TMPDIR"] ?? "/tmp"
        for name in (try? FileManager.default.contentsOfDirectory(atPath: base)) ?? [] where name.hasPrefix(prefix) {
            guard let pid = name.dropFirst(prefix.count).split(separator: "-").first.flatMap({ Int32($0) }),
                ProcessIdentity(pid: pid) == nil
            else { continue }
            try? FileManager.default.removeItem(atPath: "\(base)/\(name)")
        }
    }()
}
