import LocalCluster
import SwitchboardProtocol
import SwitchboardTestKit
import Testing

/// A whole call: the caller's device, the one that picks up, and another one of the callee that rings too.
struct CallScript: Sendable {
    /// Places in the script at which something may go wrong.
    enum Step: String, CaseIterable, Sendable {
        /// The invite is acknowledged, nothing else is sent.
        case invited
        /// The caller has heard that it rings.
        case ringing
        /// Answers and candidates of both devices of the callee, and candidates of the caller, are held.
        case held
        /// `accept` has just been sent.
        case accepted
        /// In the middle of a rally of messages between the two.
        case talking
    }

    let call: ConversationID
    let caller: TestDevice
    let picker: TestDevice
    let bystander: TestDevice
    var rallyLength = 60

    var devices: [TestDevice] { [caller, picker, bystander] }

    /// Batches of candidates of each device.
    private static let candidates = 20

    /// Plays all of it; `reached` is called at each step and may do what it likes.
    func play(_ reached: (Step) async throws -> Void) async throws {
        let call = call
        let callees = [picker, bystander]
        try await caller.send(.invite(picker.address.user.text), in: call)
        try await caller.wait("the invite is accepted") { $0.hasAllAccepted(call) }
        try await reached(.invited)

        try await caller.send([.description("offer", mark: "offer")] + Self.candidates(of: "caller"), in: call)
        for device in callees { try await device.wait("the offer is there") { $0.has("offer offer", in: call) } }
        for device in callees { try await device.send(.ringing, in: call) }
        try await caller.wait("it rings") { $0.has("ringing", in: call) }
        try await reached(.ringing)

        for (device, name) in zip(callees, ["picker", "bystander"]) {
            try await device.send([.description("answer", mark: name)] + Self.candidates(of: name), in: call)
        }
        for device in devices {
            try await device.wait("all is accepted") { $0.hasAllAccepted(call) }
        }
        try await reached(.held)

        try await picker.send(.accept, in: call)
        try await reached(.accepted)
        let last = "\(Self.candidates - 1)"
        try await picker.wait("the caller's candidates are released") { $0.has("candidates caller\(last)", in: call) }
        try await caller.wait("the answer is released") { $0.has("candidates picker\(last)", in: call) }
        try await bystander.wait("answered elsewhere") { $0.has("ended answered_elsewhere", in: call) }

        try await rally(reached)
        try await caller.send(.hangup, in: call)
        for device in [caller, picker] {
            try await device.wait("the end is told") { $0.has("ended hangup", in: call) && $0.hasAllAccepted(call) }
        }
        try await bystander.wait("the end elsewhere is told") { $0.has("over elsewhere", in: call) }
    }

    /// Each message is answered by the next, at once, so that there is always one on its way.
    private func rally(_ reached: (Step) async throws -> Void) async throws {
        let (call, length) = (call, rallyLength)
        picker.rallies(in: call, length: length)
        caller.rallies(in: call, length: length)
        try await caller.send(.info("rally 1"), in: call)
        try await caller.wait("half of the rally") { $0.has("rally \(length / 2)", in: call) }
        try await reached(.talking)
        for device in [caller, picker] {
            try await device.wait("all of the rally") { $0.hasAllAccepted(call) && $0.rallyCount(call) >= length - 1 }
        }
    }

    private static func candidates(of name: String) -> [WireMessage] {
        (0..<candidates).map { .candidates("\(name)\($0)") }
    }

    /// Every device got exactly what concerns it, once and in order, and no session was wronged.
    func check() {
        let candidates = { (name: String) in (0..<Self.candidates).map { "candidates \(name)\($0)" } }
        let selected = "selected \(picker.address.device)"
        let rally = { (parity: Int) in (1...rallyLength).filter { $0 % 2 == parity }.map { "rally \($0)" } }
        #expect(
            caller.seen.labels(call)
                == ["ringing", selected, "answer picker"] + candidates("picker") + rally(0) + ["ended hangup"])
        #expect(
            picker.seen.labels(call)
                == ["invite", "offer offer", selected] + candidates("caller") + rally(1) + ["ended hangup"])
        #expect(
            bystander.seen.labels(call) == [
                "invite", "offer offer", "ended answered_elsewhere", "elsewhere \(picker.address.device)",
                "over elsewhere",
            ])
        for device in devices { device.checkNumbers(call) }
    }
}

extension TestDevice {
    /// Answers each message of a rally by the next one.
    func rallies(in call: ConversationID, length: Int) {
        react { conversation, delivery in
            guard conversation == call, case .info(let info)? = delivery.message.content,
                let number = info.body.split(separator: " ").last.flatMap({ Int($0) }), number < length
            else { return nil }
            return .info("rally \(number + 1)")
        }
    }

    /// Deliveries are numbered densely from 1, and epochs never fall.
    func checkNumbers(_ call: ConversationID, sourceLocation: SourceLocation = #_sourceLocation) {
        let deliveries = seen.deliveries[call] ?? []
        #expect(
            deliveries.map(\.number) == Array(1..<UInt32(deliveries.count + 1)), "\(address)",
            sourceLocation: sourceLocation)
        let epochs = deliveries.map(\.epoch)
        #expect(
            zip(epochs, epochs.dropFirst()).allSatisfy { $0 <= $1 }, "\(address): \(epochs)",
            sourceLocation: sourceLocation)
    }
}

extension DeviceLog {
    /// The highest number of a rally that was sent or received.
    func rallyCount(_ call: ConversationID) -> Int {
        labels(call).reversed().lazy.filter { $0.hasPrefix("rally ") }.compactMap { Int($0.dropFirst(6)) }.first ?? 0
    }
}
