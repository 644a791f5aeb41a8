import Foundation

/// A configuration file with `${NAME}` placeholders.
///
/// The same files serve the container setup, where a shell fills them in, hence the shell's notation.
public struct Template: Sendable {
    /// Where it came from, for messages.
    public let file: String
    private let text: String

    /// Wraps a text.
    public init(_ text: String, file: String = "template") {
        self.text = text
        self.file = file
    }

    /// Reads a file of the project's `Cluster` directory.
    ///
    /// - Throws: ``LocalClusterError/file(path:reason:)``.
    public init(named name: String) throws {
        let path = ProjectLayout.path("Cluster/\(name)")
        do {
            self.init(try String(contentsOfFile: path, encoding: .utf8), file: path)
        } catch {
            throw LocalClusterError.file(path: path, reason: "cannot be read; set SWITCHBOARD_ROOT to the project")
        }
    }

    /// Names of the placeholders.
    public var names: Set<String> {
        Set(text.matches(of: /\$\{([A-Z][A-Z0-9_]*)\}/).map { String($0.1) })
    }

    /// The text with every placeholder filled in. Values are put in as they are and not looked at again.
    ///
    /// - Throws: ``LocalClusterError/badTemplate(file:reason:)`` unless the values are exactly those that are named: a
    ///   spelling mistake on either side must not go unnoticed.
    public func render(_ values: [String: String]) throws -> String {
        let missing = names.subtracting(values.keys).sorted()
        guard missing.isEmpty else {
            throw LocalClusterError.badTemplate(file: file, reason: "nobody gives \(missing.joined(separator: ", "))")
        }
        let unused = Set(values.keys).subtracting(names).sorted()
        guard unused.isEmpty else {
            throw LocalClusterError.badTemplate(file: file, reason: "does not name \(unused.joined(separator: ", "))")
        }
        return text.replacing(/\$\{([A-Z][A-Z0-9_]*)\}/) { values[String($0.output.1)] ?? "" }
    }

    /// Renders into a file, replacing it.
    public func render(_ values: [String: String], to path: String, mode: Int = 0o644) throws {
        try Files.write(render(values), to: path, mode: mode)
    }
}
