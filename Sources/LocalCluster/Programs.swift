import Foundation

/// Finds the programs of other packages.
enum Programs {
    static func find(_ name: String, package: String, in directories: [String] = []) throws -> String {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
        let system = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]
        for directory in directories + path.split(separator: ":").map(String.init) + system {
            let candidate = "\(directory)/\(name)"
            if FileManager.default.isExecutableFile(atPath: candidate) { return candidate }
        }
        throw LocalClusterError.missingProgram(name: name, package: package)
    }
}
