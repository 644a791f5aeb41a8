import Foundation
import SwitchboardProtocol
import Testing
import WebSocketTestSupport

/// A whole call between two devices of its own, picked up and connected.
struct OngoingCall {
    let id: ConversationID
    let caller: Device
    let callee: Device

    /// Goes through a whole set-up, and checks what each side gets.
    static func establish(
        on node: RunningNode, callerSpeaks: Subprotocol = .json, calleeSpeaks: Subprotocol = .json,
        calleeReceiveBuffer: Int? = nil
    ) async throws -> OngoingCall {
        let id = ConversationID.random()
        let users = (caller: "alice-\(UUID().uuidString)", callee: "bob-\(UUID().uuidString)")
        let callee = try await Device.connect(node, users.callee, calleeSpeaks, receiveBuffer: calleeReceiveBuffer)
        let caller = try await Device.connect(node, users.caller, callerSpeaks)
        for message in [.invite(users.callee), .offer(), .candidate("c1")] as [WireMessage] {
            try await caller.send(message, in: id)
        }
        try await callee.waitsForKinds(["invite", "offer"], in: id)
        for message in [.ringing(), .answer(), .candidate("c2"), .accept()] as [WireMessage] {
            try await callee.send(message, in: id)
        }
        let (forCaller, forCallee) = (
            ["ringing", "selected", "answer", "candidates"], ["invite", "offer", "selected", "candidates"]
        )
        try await caller.waitsForKinds(forCaller, in: id)
        try await callee.waitsForKinds(forCallee, in: id)
        try await caller.sendAccepted(.connected(), in: id)
        try await callee.waitsForKinds(forCallee + ["connected"], in: id)
        #expect(try caller.kinds(in: id) == forCaller)
        #expect(try callee.kinds(in: id) == forCallee + ["connected"])
        return OngoingCall(id: id, caller: caller, callee: callee)
    }

    /// Both sides still exchange messages on the same connections, and nothing was lost, doubled or refused.
    func expectUndisturbed() async throws {
        let body = UUID().uuidString
        try await caller.sendAccepted(.info(body), in: id)
        try await callee.waits("gets the info") { try $0.deliveries(in: id).last?.message.info.body == body }
        try await callee.sendAccepted(.info("back " + body), in: id)
        try await caller.waits("gets the info back") {
            try $0.deliveries(in: id).last?.message.info.body == "back " + body
        }
        for device in [caller, callee] {
            let numbers = try device.deliveries(in: id).map(\.number)
            #expect(numbers == Array(1...UInt32(numbers.count)))
            #expect(try device.errors == [])
            #expect(device.socket.closeCode == nil)
        }
    }
}

/// Runs a body against the shared node while others are in a call there, which must not notice.
func besideOngoingCall(_ body: (RunningNode) async throws -> Void) async throws {
    let node = try await RunningNode.shared()
    let call = try await OngoingCall.establish(on: node)
    try await body(node)
    try await call.expectUndisturbed()
}
