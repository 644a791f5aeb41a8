import Foundation
import SwitchboardProbe

/// The time from accept to everything prepared, against what is aimed at.
struct LatencyReport: Encodable {
    /// Milliseconds at the 99th percentile, for clients beside their nodes.
    static let nearAim = 50.0

    struct Part: Encodable {
        /// Between a client and its node, in one direction.
        var delayMs: Double
        /// At the 99th percentile.
        var aimMs: Double
        var calls: Int
        var failed: Int
        /// nil: nothing was measured.
        var acceptToReadyMs: LatencySummary?

        var isMet: Bool { acceptToReadyMs.map { $0.p99 < aimMs } ?? false }
    }

    private(set) var parts: [Part] = []

    mutating func add(_ report: ProbeReport, delay: Double) {
        // A round trip and a half.
        let aim = delay > 0 ? 3 * delay : Self.nearAim
        parts.append(
            Part(
                delayMs: delay, aimMs: aim, calls: report.calls, failed: report.failed,
                acceptToReadyMs: report.measurements.summary(.acceptToReady)))
    }

    var failed: Int { parts.reduce(0) { $0 + $1.failed } }
    var isComplete: Bool { failed == 0 }
    var isMet: Bool { parts.allSatisfy(\.isMet) }

    /// For people: one line for each part.
    var text: String {
        parts.map { part in
            let place = part.delayMs > 0 ? "clients \(Self.format(part.delayMs)) ms from their nodes" : "clients near"
            let found = part.acceptToReadyMs.map { "p50 \(Self.format($0.p50)) ms, p99 \(Self.format($0.p99)) ms" }
            let aim = "aim p99 < \(Self.format(part.aimMs)) ms: \(part.isMet ? "met" : "missed")"
            let what = "accept → all prepared received, \(place), \(part.calls) calls"
            return "\(what): \(found ?? "nothing measured"); \(aim)"
        }.joined(separator: "\n")
    }

    /// One object in one line.
    var json: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        // Numbers and fixed keys always have an encoding.
        return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }

    private static func format(_ value: Double) -> String { String(format: "%.1f", value) }
}
