import Foundation

/// What came of a probe.
package struct ProbeReport: Sendable {
    package var calls: Int
    package var failed: Int
    /// The first ones.
    package var failures: [CallFailure]
    package var measurements: Measurements

    package init(calls: Int, failed: Int, failures: [CallFailure], measurements: Measurements) {
        self.calls = calls
        self.failed = failed
        self.failures = failures
        self.measurements = measurements
    }

    /// One JSON object in one line; a phase without a sample is null.
    package var json: String {
        struct Object: Encodable {
            var calls: Int
            var failed: Int
            var phases: [String: LatencySummary?]
        }
        let phases = Phase.allCases.map { ("\($0.rawValue)_ms", measurements.summary($0)) }
        let object = Object(calls: calls, failed: failed, phases: Dictionary(uniqueKeysWithValues: phases))
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        // Numbers and fixed keys always have an encoding.
        return (try? encoder.encode(object)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }

    /// For people.
    package var table: String {
        let header = ["phase", "p50 ms", "p99 ms", "max ms"]
        let rows = Phase.allCases.map { phase -> [String] in
            guard let summary = measurements.summary(phase) else { return [phase.title, "-", "-", "-"] }
            return [phase.title] + [summary.p50, summary.p99, summary.max].map(Self.format)
        }
        var lines = TextTable.lines([header] + rows)
        lines.append("")
        lines.append("\(calls) calls, \(failed) failed")
        lines += failures.map { "  \($0)" }
        if failed > failures.count, !failures.isEmpty { lines.append("  and \(failed - failures.count) more") }
        return lines.joined(separator: "\n")
    }

    private static func format(_ value: Double) -> String {
        String(format: "%.2f", value)
    }
}
