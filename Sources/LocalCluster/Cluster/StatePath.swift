import Foundation

/// Chooses where a local cluster keeps its state.
public enum StatePath {
    /// `SWITCHBOARD_STATE`; else `.cluster` in the project, which git ignores; else, if we are root and the project lies in a
    /// directory that PostgreSQL's user cannot enter (such as `/root`), one under `/var/tmp` named after the project's path.
    public static var `default`: String {
        if let named = ProcessInfo.processInfo.environment["SWITCHBOARD_STATE"], !named.isEmpty { return named }
        let root = ProjectLayout.root
        let usual = "\(root)/.cluster"
        guard geteuid() == 0, closedDirectory(above: usual) != nil else { return usual }
        return "/var/tmp/switchboard-cluster-" + root.split(separator: "/").joined(separator: "-")
    }

    /// The nearest directory above `path` that not every user can pass through; `nil` if all are open.
    static func closedDirectory(above path: String) -> String? {
        var path = path
        while path != "/", !path.isEmpty {
            path = (path as NSString).deletingLastPathComponent
            var status = stat()
            if stat(path, &status) == 0, status.st_mode & 0o001 == 0 { return path }
        }
        return nil
    }
}
