import LocalCluster
import SwitchboardProtocol
import SwitchboardTestKit
import Testing

/// Two devices in a call that somebody has picked up.
struct Pair: Sendable {
    let call: ConversationID
    let caller: TestDevice
    let callee: TestDevice

    /// Makes a call between two connected devices, up to the moment at which both have said that media flow.
    static func connect(_ caller: TestDevice, _ callee: TestDevice, in call: ConversationID) async throws -> Pair {
        try await caller.send(
            .invite(callee.address.user.text), .description("offer", mark: "offer"), .candidates("caller"), in: call)
        try await callee.wait("the offer is there") { $0.has("offer offer", in: call) }
        try await callee.send(
            .ringing, .description("answer", mark: "answer"), .candidates("callee"), .accept, .connected, in: call)
        try await caller.wait("it is picked up") { $0.has("connected", in: call) }
        try await callee.wait("it has the candidates") { $0.has("candidates caller", in: call) }
        try await caller.send(.connected, in: call)
        try await callee.wait("both are connected") { $0.has("connected", in: call) }
        return Pair(call: call, caller: caller, callee: callee)
    }

    var devices: [TestDevice] { [caller, callee] }

    /// Begins a rally of messages that goes on by itself.
    func startRally(length: Int = 1_000_000) async throws {
        for device in devices { device.rallies(in: call, length: length) }
        try await caller.send(.info("rally 1"), in: call)
    }

    /// Waits until the rally has gone on for so many more messages.
    func rallyGoesOn(by count: Int = 10, within limit: Duration = .seconds(30)) async throws {
        let call = call
        let start = caller.seen.rallyCount(call)
        try await caller.wait("the rally goes on from \(start)", within: limit) { $0.rallyCount(call) >= start + count }
    }

    /// Stops the rally, ends the call, and checks that all was delivered once and in order.
    func hangUp() async throws {
        let call = call
        for device in devices { device.react { _, _ in nil } }
        for device in devices { try await device.wait("all is accepted") { $0.hasAllAccepted(call) } }
        // One side may have sent the last message just before: it arrives before the end does, for order is kept.
        try await caller.send(.hangup, in: call)
        for device in devices {
            try await device.wait("the end is told") { $0.has("ended hangup", in: call) && $0.hasAllAccepted(call) }
        }
        let heard = { (device: TestDevice) in device.seen.labels(call).filter { $0.hasPrefix("rally ") } }
        let last = max(heard(caller).count, heard(callee).count) * 2
        #expect(
            heard(callee) == (1...max(last, 1)).filter { $0 % 2 == 1 }.prefix(heard(callee).count).map { "rally \($0)" }
        )
        #expect(
            heard(caller) == (1...max(last, 1)).filter { $0 % 2 == 0 }.prefix(heard(caller).count).map { "rally \($0)" }
        )
        #expect(abs(heard(callee).count - heard(caller).count) <= 1)
        for device in devices { device.checkNumbers(call) }
    }
}
