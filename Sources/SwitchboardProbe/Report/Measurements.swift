import Histogram
import NIOCore

/// The phases of a call that are measured.
package enum Phase: String, CaseIterable, Sendable {
    /// Opening a WebSocket, until `welcome`.
    case connect
    /// The invite is sent, until the caller hears that it rings.
    case inviteToRinging = "invite_to_ringing"
    /// The callee picks up, until both have all that was prepared.
    case acceptToReady = "accept_to_ready"
    /// Any message is sent, until it is accepted.
    case sendToAccepted = "send_to_accepted"
    /// A message that is not held is sent, until the other side has it.
    case sendToDelivered = "send_to_delivered"

    /// For people.
    package var title: String {
        switch self {
        case .connect: "connect"
        case .inviteToRinging: "invite → ringing"
        case .acceptToReady: "accept → all prepared received"
        case .sendToAccepted: "message → accepted"
        case .sendToDelivered: "message → delivered"
        }
    }
}

/// Durations by phase: three significant digits, to a microsecond, up to two minutes.
package struct Measurements: Sendable {
    private var histograms: [Phase: Histogram<UInt64>] = [:]

    package init() {}

    package mutating func record(_ phase: Phase, _ duration: TimeAmount) {
        let microseconds = UInt64(max(0, min(duration.nanoseconds / 1000, 120_000_000)))
        histograms[phase, default: Self.emptyHistogram].record(microseconds)
    }

    package mutating func add(_ other: Measurements) {
        for (phase, histogram) in other.histograms {
            histograms[phase, default: Self.emptyHistogram].add(histogram)
        }
    }

    /// nil if nothing was recorded.
    package func summary(_ phase: Phase) -> LatencySummary? {
        guard let histogram = histograms[phase], histogram.totalCount > 0 else { return nil }
        // A percentile is the upper edge of its bucket, which may lie beyond all that was recorded.
        let max = histogram.maxRecorded
        let (p50, p99) = (histogram.valueAtPercentile(50), histogram.valueAtPercentile(99))
        return LatencySummary(
            p50: Double(min(p50, max)) / 1000, p99: Double(min(p99, max)) / 1000, max: Double(max) / 1000)
    }

    private static var emptyHistogram: Histogram<UInt64> {
        Histogram(
            lowestDiscernibleValue: 1, highestTrackableValue: 120_000_000, numberOfSignificantValueDigits: .three)
    }
}

/// Milliseconds.
package struct LatencySummary: Codable, Sendable, Equatable {
    package var p50: Double
    package var p99: Double
    package var max: Double
}
