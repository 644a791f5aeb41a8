import Foundation

/// Finds the programs of this package.
public enum BuildProducts {
    /// The directory of the running program, where SwiftPM puts all products of one build; also of a test run.
    public static var directory: String {
        let running = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return (running as NSString).deletingLastPathComponent
    }

    /// The server: `SWITCHBOARD_BINARY`, else `switchboard` in ``directory``.
    public static var node: String {
        if let named = ProcessInfo.processInfo.environment["SWITCHBOARD_BINARY"], !named.isEmpty { return named }
        return "\(directory)/switchboard"
    }
}
