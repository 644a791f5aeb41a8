import Foundation

/// Where the project's own files are.
public enum ProjectLayout {
    /// The project's directory: `SWITCHBOARD_ROOT`, else the one that this source file was compiled in.
    public static var root: String {
        if let named = ProcessInfo.processInfo.environment["SWITCHBOARD_ROOT"], !named.isEmpty { return named }
        let here = URL(filePath: #filePath).resolvingSymlinksInPath()
        return here.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path
    }

    /// Absolute path of a file of the project.
    public static func path(_ relative: String) -> String { "\(root)/\(relative)" }
}
