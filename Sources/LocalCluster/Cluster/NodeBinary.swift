import Foundation

/// Finds the program `switchboard`.
public enum NodeBinary {
    /// `SWITCHBOARD_BINARY`, else the one beside the running program, where SwiftPM puts all products of one build.
    public static var `default`: String {
        if let named = ProcessInfo.processInfo.environment["SWITCHBOARD_BINARY"], !named.isEmpty { return named }
        let running = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return "\((running as NSString).deletingLastPathComponent)/switchboard"
    }
}
