import Foundation
import NIOCore
import SwiftProtobuf
import SwitchboardProtocol
import Testing

@testable import SwitchboardProbe

@Suite("Probe: report and payloads")
struct ProbeReportTests {
    private struct Report: Decodable {
        var calls: Int
        var failed: Int
        var phases: [String: LatencySummary?]
    }

    @Test("the JSON is one line with all phases, null where nothing was measured")
    func json() throws {
        var measurements = Measurements()
        for milliseconds in 1...1000 { measurements.record(.connect, .milliseconds(Int64(milliseconds))) }
        let report = ProbeReport(calls: 3, failed: 1, failures: [], measurements: measurements)
        #expect(!report.json.contains("\n"))
        let decoded = try JSONDecoder().decode(Report.self, from: Data(report.json.utf8))
        #expect((decoded.calls, decoded.failed) == (3, 1))
        #expect(
            Set(decoded.phases.keys) == [
                "connect_ms", "invite_to_ringing_ms", "accept_to_ready_ms", "send_to_accepted_ms",
                "send_to_delivered_ms",
            ])
        let connect = try #require(decoded.phases["connect_ms"] ?? nil)
        #expect(abs(connect.p50 - 500) < 1 && abs(connect.p99 - 990) < 2 && abs(connect.max - 1000) < 2)
        #expect(decoded.phases["accept_to_ready_ms"] == .some(nil))
    }

    @Test("the table names what failed, and how much more")
    func table() {
        let failure = CallFailure(step: .pickup, reason: "no answer")
        let report = ProbeReport(calls: 9, failed: 7, failures: [failure], measurements: Measurements())
        #expect(report.table.contains("9 calls, 7 failed\n  pickup: no answer\n  and 6 more"))
    }

    @Test("measurements of several lanes add up")
    func adds() {
        var (one, other) = (Measurements(), Measurements())
        one.record(.connect, .milliseconds(1))
        other.record(.connect, .milliseconds(100))
        other.record(.inviteToRinging, .milliseconds(5))
        one.add(other)
        #expect(one.summary(.connect).map { $0.max > 99 && $0.p50 < 2 } == true)
        #expect(one.summary(.inviteToRinging) != nil)
    }

    @Test("payloads are as large as a browser's, and name no address before pickup")
    func payloads() throws {
        let offer = CallPayloads.description("offer")
        #expect((3000...5000).contains(offer.description_p.sdp.utf8.count))
        #expect(!offer.description_p.sdp.contains("a=candidate"))
        for line in offer.description_p.sdp.split(separator: "\r\n")
        where line.hasPrefix("c=") || line.hasPrefix("a=rtcp:") {
            #expect(line.hasSuffix("IN IP4 0.0.0.0"))
        }
        #expect((150...260).contains(try CallPayloads.candidates(1).serializedData().count))
        #expect((150...260).contains(try CallPayloads.info(1).serializedData().count))
        #expect(CallPayloads.candidates(0) != CallPayloads.candidates(1))
    }
}
