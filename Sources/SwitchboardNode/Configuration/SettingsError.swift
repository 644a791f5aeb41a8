/// What is wrong with a configuration, in words for whoever wrote it.
public struct SettingsError: Error, Sendable, Equatable, CustomStringConvertible {
    public let problems: [String]

    public init(_ problems: [String]) {
        self.problems = problems
    }

    public var description: String {
        "bad configuration:\n" + problems.map { "  - \($0)" }.joined(separator: "\n")
            + "\nTry: switchboard check-config --config FILE"
    }
}
