import SwiftProtobuf
import SwitchboardProtocol
import Testing

@testable import SwitchboardClient

@Suite("Security code: the exchange of one peer connection")
struct SecurityRoundTests {
    private static let call = ConversationID(high: 1, low: 2)
    private static let sdpA = "a=fingerprint:sha-256 " + Array(repeating: "AA", count: 32).joined(separator: ":")
    private static let sdpB = "a=fingerprint:sha-256 " + Array(repeating: "BB", count: 32).joined(separator: ":")

    private var caller = SecurityRound(
        call: call, session: 3, role: .caller, nonce: Array(repeating: 1, count: 16))
    private var callee = SecurityRound(
        call: call, session: 3, role: .callee, nonce: Array(repeating: 2, count: 16))

    private func steps(_ messages: [WireMessage]) -> [String] { messages.map(\.security.step) }

    @Test("commit with the offer, nonce with the answer, reveal after the pickup; the code when media is sealed")
    mutating func exchange() throws {
        _ = caller.started()
        _ = callee.started()
        let commit = caller.localDescribed(Self.sdpA)
        #expect(steps(commit) == ["commit"] && commit.first?.security.session == 3)
        #expect(callee.remoteDescribed(Self.sdpA).isEmpty)
        #expect(callee.received(commit[0].security).isEmpty)
        let nonce = callee.localDescribed(Self.sdpB)
        #expect(steps(nonce) == ["nonce"])
        #expect(callee.localDescribed(Self.sdpB) == nonce, "with each answer, while it rings")
        #expect(caller.received(nonce[0].security).isEmpty, "not before it is picked up")
        #expect(caller.selected().isEmpty, "not before it has the answer")
        let reveal = caller.remoteDescribed(Self.sdpB)
        #expect(steps(reveal) == ["reveal"])
        #expect(callee.received(reveal[0].security).isEmpty)
        #expect(caller.code == nil && callee.code == nil, "media is not sealed yet")
        _ = caller.secured([Array(repeating: 0xbb, count: 32)])
        _ = callee.secured(nil)
        #expect(try #require(caller.code).count == 5)
        #expect(caller.code == callee.code)
    }

    @Test("the order of arrival does not matter, the order of steps does")
    mutating func anyOrder() {
        _ = callee.started()
        #expect(steps(callee.localDescribed(Self.sdpB)).isEmpty, "nothing is told before there is a promise")
        _ = caller.started()
        let commit = caller.localDescribed(Self.sdpA)
        #expect(steps(callee.received(commit[0].security)) == ["nonce"])
    }

    @Test("what does not fit ends it", arguments: ["nonce first", "reveal first", "reveal of another", "certificate"])
    mutating func mismatches(what: String) {
        _ = caller.started()
        _ = callee.started()
        func message(_ step: String, _ value: [UInt8]) -> WireSecurity {
            .with { ($0.step, $0.value, $0.session) = (step, SecurityDigest.text(value), 3) }
        }
        switch what {
        case "nonce first":
            _ = caller.received(message("nonce", Array(repeating: 2, count: 16)))
            #expect(caller.failure == .mismatch)
        case "reveal first":
            _ = callee.received(message("reveal", Array(repeating: 1, count: 16)))
            #expect(callee.failure == .mismatch)
        case "reveal of another":
            let commit = caller.localDescribed(Self.sdpA)
            _ = callee.remoteDescribed(Self.sdpA)
            _ = callee.received(commit[0].security)
            _ = callee.localDescribed(Self.sdpB)
            _ = callee.received(message("reveal", Array(repeating: 9, count: 16)))
            #expect(callee.failure == .mismatch)
        default:
            _ = caller.remoteDescribed(Self.sdpB)
            _ = caller.secured([Array(repeating: 0xcc, count: 32)])
            #expect(caller.failure == .fingerprint)
        }
        #expect(caller.code == nil && callee.code == nil)
    }

    @Test("only the first of each step counts, and values of a wrong length are none")
    mutating func firstCounts() {
        _ = callee.started()
        _ = callee.localDescribed(Self.sdpB)
        #expect(callee.received(.with { ($0.step, $0.value) = ("commit", "AAAA") }).isEmpty)
        #expect(!callee.isJoined)
        #expect(callee.received(.with { ($0.step, $0.value) = ("later", "AAAA") }).isEmpty)
        let commit = SecurityDigest.commitment(
            nonce: Array(repeating: 1, count: 16), fingerprint: Array(repeating: 0xaa, count: 32))
        #expect(
            steps(callee.received(.with { ($0.step, $0.value) = ("commit", SecurityDigest.text(commit)) })) == ["nonce"]
        )
        // A second promise changes nothing.
        _ = callee.received(
            .with { ($0.step, $0.value) = ("commit", SecurityDigest.text(Array(repeating: 7, count: 32))) })
        _ = callee.remoteDescribed(Self.sdpA)
        _ = callee.received(
            .with { ($0.step, $0.value) = ("reveal", SecurityDigest.text(Array(repeating: 1, count: 16))) })
        _ = callee.secured(nil)
        #expect(callee.failure == nil && callee.code != nil)
    }
}
