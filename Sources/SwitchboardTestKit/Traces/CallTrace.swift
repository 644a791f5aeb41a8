/// A golden trace: the story of a call, step by step, with everything that each device is told behind each step.
///
/// A text that people read: lines that begin with `#` say what it is about, indented lines are what devices are told, all
/// others are steps. Nothing in it depends on the order in which different devices are told.
public struct CallTrace: Sendable {
    /// The file's name without its ending: what users saw, or what the rule is.
    public let name: String
    private var lines: [Line]

    private enum Line: Sendable {
        /// A comment, a blank line, a directive.
        case text(String)
        case step(Step)
    }

    /// One step, and what devices are told until nothing more comes.
    public struct Step: Sendable {
        public let text: String
        public let action: TraceAction
        public var expected: [String]
    }

    /// - Throws: `TraceError` if a line is none of the above.
    public init(name: String, text: String) throws(TraceError) {
        self.name = name
        lines = []
        var virtualOnly: String?
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let place = "\(name):\(index + 1)"
            if line.hasPrefix("    ") {
                guard case .step(var step)? = lines.last else {
                    throw TraceError("\(place): there is no step above")
                }
                step.expected.append(String(line.dropFirst(4)))
                lines[lines.count - 1] = .step(step)
            } else if line.isEmpty || line.hasPrefix("#") {
                lines.append(.text(String(line)))
            } else if line.hasPrefix(Self.virtualOnlyMark) {
                virtualOnly = String(line.dropFirst(Self.virtualOnlyMark.count))
                lines.append(.text(String(line)))
            } else {
                do throws(TraceError) {
                    lines.append(.step(Step(text: String(line), action: try TraceAction(String(line)), expected: [])))
                } catch {
                    throw TraceError("\(place): \(error.text)")
                }
            }
        }
        self.virtualOnly = virtualOnly
    }

    private static let virtualOnlyMark = "virtual time only: "

    /// Why it is not played on a cluster of processes; nil: it is.
    public let virtualOnly: String?

    public var steps: [Step] {
        lines.compactMap { line in
            if case .step(let step) = line { step } else { nil }
        }
    }

    /// Whether deadlines pass in it, which a real cluster has to have shortened.
    public var hasDeadlines: Bool {
        steps.contains { if case .deadlinePasses = $0.action { true } else { false } }
    }

    /// The same story with other expectations, one list for each step.
    public func expecting(_ expectations: [[String]]) -> CallTrace {
        var trace = self
        var left = expectations[...]
        for (place, line) in lines.enumerated() {
            guard case .step(var step) = line else { continue }
            step.expected = left.popFirst() ?? []
            trace.lines[place] = .step(step)
        }
        return trace
    }

    /// The file's text.
    public var text: String {
        lines.flatMap { line in
            switch line {
            case .text(let text): [text]
            case .step(let step): [step.text] + step.expected.map { "    \($0)" }
            }
        }.joined(separator: "\n")
    }
}

/// What is wrong with a trace's text.
public struct TraceError: Error, CustomStringConvertible, Sendable {
    public let text: String

    public init(_ text: String) {
        self.text = text
    }

    public var description: String { text }
}
