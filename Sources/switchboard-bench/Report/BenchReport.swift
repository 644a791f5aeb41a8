import Foundation
import SwitchboardProbe

/// What was measured; what was not is left out of the JSON.
struct BenchReport: Encodable {
    var durablePerSecond: Double?
    var referencePerSecond: Double?
    var acceptedMs: Latency?
    var deliveredMs: Latency?
    var callsPerSecond: Double?
    var idleConnectionBytes: Int?

    /// Milliseconds.
    struct Latency: Encodable {
        var p50: Double
        var p99: Double

        init(_ summary: LatencySummary) {
            (p50, p99) = (summary.p50, summary.p99)
        }
    }

    private enum CodingKeys: String, CodingKey {
        case durablePerSecond = "durable_per_s"
        case referencePerSecond = "reference_per_s"
        case ratio
        case acceptedMs = "accepted_ms"
        case deliveredMs = "delivered_ms"
        case callsPerSecond = "calls_per_s"
        case idleConnectionBytes = "idle_connection_bytes"
    }

    /// Durable messages for each one-row insert that the database makes alone.
    var ratio: Double? {
        guard let durablePerSecond, let referencePerSecond, referencePerSecond > 0 else { return nil }
        return durablePerSecond / referencePerSecond
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encodeIfPresent(durablePerSecond.map(Self.rounded), forKey: .durablePerSecond)
        try container.encodeIfPresent(referencePerSecond.map(Self.rounded), forKey: .referencePerSecond)
        try container.encodeIfPresent(ratio.map { ($0 * 1000).rounded() / 1000 }, forKey: .ratio)
        try container.encodeIfPresent(acceptedMs, forKey: .acceptedMs)
        try container.encodeIfPresent(deliveredMs, forKey: .deliveredMs)
        try container.encodeIfPresent(callsPerSecond.map(Self.rounded), forKey: .callsPerSecond)
        try container.encodeIfPresent(idleConnectionBytes, forKey: .idleConnectionBytes)
    }

    /// One object in one line.
    var json: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        // Numbers and fixed keys always have an encoding.
        return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
    }

    private static func rounded(_ value: Double) -> Double {
        (value * 10).rounded() / 10
    }
}
