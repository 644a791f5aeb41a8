import Foundation

/// The golden traces of the project: `Tests/Traces/calls`.
extension CallTrace {
    private static var directory: String {
        let root =
            ProcessInfo.processInfo.environment["SWITCHBOARD_ROOT"]
            ?? "/" + #filePath.split(separator: "/").dropLast(4).joined(separator: "/")
        return "\(root)/Tests/Traces/calls"
    }

    /// Names of all traces, sorted.
    public static var names: [String] {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
        return files.filter { $0.hasSuffix(".txt") }.map { String($0.dropLast(4)) }.sorted()
    }

    /// - Throws: `TraceError` if there is no such file, or it can't be understood.
    public static func named(_ name: String) throws -> CallTrace {
        let path = "\(directory)/\(name).txt"
        guard let data = FileManager.default.contents(atPath: path) else { throw TraceError("\(path) cannot be read") }
        return try CallTrace(name: name, text: String(decoding: data, as: UTF8.self))
    }

    public func write() throws {
        try text.write(toFile: "\(Self.directory)/\(name).txt", atomically: true, encoding: .utf8)
    }

    /// `SWITCHBOARD_REWRITE_TRACES=1`: the play in virtual time writes down what it has seen.
    public static var isToBeRewritten: Bool {
        ProcessInfo.processInfo.environment["SWITCHBOARD_REWRITE_TRACES"] == "1"
    }
}
