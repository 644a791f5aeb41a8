import Foundation
import LocalCluster
import SwiftProtobuf
import SwitchboardProtocol
import Testing
import WebSocketTestSupport

@Suite("What may be wrong with a send (real node, SQLite)", .timeLimit(.minutes(3)))
struct SendRulesTests {
    /// A caller and a callee with a call that rings; the callee has got the invite.
    private func ring(_ node: RunningNode) async throws -> (id: ConversationID, caller: Device, callee: Device) {
        let (id, name) = (ConversationID.random(), UUID().uuidString)
        let callee = try await Device.connect(node, "bob-" + name)
        let caller = try await Device.connect(node, "alice-" + name)
        try await caller.sendAccepted(.invite(callee.user), in: id)
        try await callee.waitsForKinds(["invite"], in: id)
        return (id, caller, callee)
    }

    @Test("A number left out: gap, temporary, naming the number to resend from; then all goes well")
    func gap() async throws {
        try await besideOngoingCall { node in
            let (id, caller, callee) = try await ring(node)
            try await caller.send(.offer("second", revision: 2), in: id, number: 3)
            let error = try await caller.waitsForError(.gap)
            #expect(error.number == 2)
            #expect(error.conversation == id.description)
            #expect(!error.permanent)
            try await caller.send(.offer("first", revision: 1), in: id, number: 2)
            try await caller.send(.offer("second", revision: 2), in: id, number: 3)
            try await caller.waitsForAcceptance(of: 3, in: id)
            try await callee.waitsForKinds(["invite", "offer", "offer"], in: id)
            #expect(try callee.deliveries(in: id).map(\.message.description_p.revision) == [0, 1, 2])

            try await caller.send(.cancel(), in: id, number: 0)
            try await caller.waits("hears that numbers begin at 1") { try $0.errors.last?.number == 1 }
        }
    }

    @Test("A number repeated: the same answer and no effect, also when the answer was a refusal")
    func repeated() async throws {
        try await besideOngoingCall { node in
            let (id, caller, callee) = try await ring(node)
            let leaky = WireMessage.offer("x\r\na=candidate:1 1 udp 1 192.0.2.1 9 typ host")
            for _ in 0..<3 { try await caller.send(.invite(callee.user), in: id, number: 1) }
            for _ in 0..<2 { try await caller.send(leaky, in: id, number: 2) }
            try await caller.sendAccepted(.offer(), in: id)
            try await callee.waitsForKinds(["invite", "offer"], in: id)
            try await callee.isAnswered()
            #expect(try callee.deliveries(in: id).map(\.number) == [1, 2])
            #expect(try caller.errors.map(\.name) == ["candidates_in_offer", "candidates_in_offer"])
            #expect(try caller.errors.allSatisfy { $0.number == 2 && $0.permanent })
            #expect(try caller.accepted(in: id).max() == 3)
        }
    }

    @Test("A number repeated with other content: number_reused, permanent, never acknowledged as such")
    func reused() async throws {
        try await besideOngoingCall { node in
            let (id, caller, callee) = try await ring(node)
            try await caller.send(.cancel(), in: id, number: 1)
            let error = try await caller.waitsForError(.numberReused)
            #expect(error.permanent)
            #expect(error.number == 1)
            try await caller.isAnswered()
            #expect(try caller.accepted(in: id) == [1])
            // It rings on.
            try await caller.sendAccepted(.offer(), in: id)
            try await callee.waitsForKinds(["invite", "offer"], in: id)
            #expect(try callee.kinds(in: id) == ["invite", "offer"])
        }
    }

    @Test("An outbox that a newer connection has superseded: superseded, permanent, never acknowledged")
    func superseded() async throws {
        try await besideOngoingCall { node in
            let (id, caller, callee) = try await ring(node)
            // The client started without its storage, and works with a new outbox.
            let new = try await Device.connect(node, caller.user, connection: 2)
            try await new.send(.offer("of the new outbox"), in: id)
            try await new.waitsForAcceptance(of: 1, in: id)
            // What the older outbox had under way comes late.
            let old = try await Device.connect(node, caller.user, connection: 2, outbox: caller.outbox)
            try await old.send(.cancel(), in: id, number: 2)
            let error = try await old.waitsForError(.superseded)
            #expect(error.permanent)
            #expect(error.number == 2)
            try await old.isAnswered()
            #expect(try (old.accepted(in: id).max() ?? 0) <= 1)
            #expect(try callee.kinds(in: id) == ["invite", "offer"])
        }
    }

    @Test("Bad ids: a call id that is no UUID, a callee with a NUL or too long")
    func invalidIdentifier() async throws {
        try await besideOngoingCall { node in
            let caller = try await Device.connect(node, "misspeller")
            var frame = WireClientFrame.send(.invite("bob"), in: .random(), number: 7)
            frame.send.conversation = "nul\0inside"
            try await caller.socket.send(frame)
            let error = try await caller.waitsForError(.invalidIdentifier)
            #expect(error.permanent)
            #expect(error.number == 7)

            for callee in ["nul\0inside", String(repeating: "b", count: 129), ""] {
                let id = ConversationID.random()
                // Consumed, and refused besides.
                try await caller.sendAccepted(.invite(callee), in: id)
                try await caller.waits("is refused") {
                    try $0.errors.contains {
                        $0.conversation == id.description && $0.name == "invalid_identifier" && $0.permanent
                            && $0.number == 1
                    }
                }
            }
        }
    }

    @Test("A call that one has no part in is as one that does not exist: not_found")
    func notFound() async throws {
        let node = try await RunningNode.shared()
        let call = try await OngoingCall.establish(on: node)
        let mallory = try await Device.connect(node, "mallory")
        var answers: [[WireError]] = []
        for id in [call.id, .random()] {
            let before = try mallory.errors.count
            try await mallory.send(.hangup(), in: id)
            try await mallory.waits("is told") { try $0.errors.count > before }
            try await mallory.isAnswered()
            answers.append(
                try mallory.errors.dropFirst(before).map { error in
                    var error = error
                    error.conversation = ""
                    return error
                })
        }
        #expect(answers[0].first?.name == "not_found")
        #expect(answers[0].first?.permanent == true)
        #expect(answers[0] == answers[1], "nobody can tell the two apart")
        let named = try await Device.connect(
            node, "mallory", connection: 2, knowing: [call.id: 3, .random(): 3])
        #expect(try named.errors.map(\.name) == ["not_found", "not_found"])
        #expect(try named.deliveries(in: call.id) == [])
        #expect(try named.snapshot(of: call.id) == nil)
        try await call.expectUndisturbed()
    }

    @Test("A device of the two users that was not selected: not_selected, and the call goes on")
    func notSelected() async throws {
        let node = try await RunningNode.shared()
        let call = try await OngoingCall.establish(on: node)
        for (user, message) in [(call.callee.user, WireMessage.info("me too")), (call.caller.user, .hangup())] {
            let other = try await Device.connect(node, user, device: "tablet")
            try await other.send(message, in: call.id)
            let error = try await other.waitsForError(.notSelected)
            #expect(error.permanent)
            #expect(error.number == 1)
            try await other.waitsForAcceptance(of: 1, in: call.id)
        }
        try await call.expectUndisturbed()
    }

    @Test(
        "An offer that tells an address before pickup: candidates_in_offer; it is neither delivered nor logged",
        arguments: ["a=candidate:1 1 udp 2122260223 192.0.2.77 49152 typ host", "c=IN IP4 192.0.2.77"])
    func candidatesInOffer(line: String) async throws {
        try await besideOngoingCall { node in
            let (id, caller, callee) = try await ring(node)
            try await caller.sendAccepted(.offer("x\r\n\(line)"), in: id)
            let error = try await caller.waitsForError(.candidatesInOffer)
            #expect(error.permanent)
            #expect(error.number == 2)
            try await caller.sendAccepted(.offer("without an address"), in: id)
            try await callee.waitsForKinds(["invite", "offer"], in: id)
            #expect(try callee.deliveries(in: id)[1].message.description_p.sdp.contains("without an address"))
            #expect(!node.log.contains("192.0.2.77"))
            let stored = try Data(contentsOf: URL(filePath: node.dataFile))
            #expect(stored.range(of: Data("192.0.2.77".utf8)) == nil)
        }
    }

    @Test("Unknown frames, kinds and fields in JSON: ignored, or accepted without effect")
    func unknownInJSON() async throws {
        try await besideOngoingCall { node in
            let (id, caller, callee) = try await ring(node)
            for text in [
                "{\"teleport\":{\"to\":\"mars\"}}", "{}",
                "{\"send\":{\"conversation\":\"\(id)\",\"number\":2,\"urgent\":true,"
                    + "\"message\":{\"dance\":{\"style\":\"tango\"}}},\"trace\":[1,{}]}",
                "{\"ping\":{\"payload\":\"x\"}}",
            ] {
                try await caller.socket.send(opcode: 1, Array(text.utf8))
            }
            try await caller.waitsForAcceptance(of: 2, in: id)
            try await caller.waits("gets its pong") { try $0.messages.contains(where: \.isPong) }
            try await caller.send(.offer(), in: id, number: 3)
            try await callee.waitsForKinds(["invite", "offer"], in: id)
            #expect(try callee.kinds(in: id) == ["invite", "offer"])
            #expect(try caller.errors == [])
        }
    }

    @Test("Unknown fields and kinds in protobuf: ignored, or accepted without effect")
    func unknownInProtobuf() async throws {
        try await besideOngoingCall { node in
            let call = try await OngoingCall.establish(on: node, callerSpeaks: .protobuf, calleeSpeaks: .protobuf)
            // Field 100, length-delimited, of one byte: in the frame, and as the only content of a message.
            let unknown: [UInt8] = [0xa2, 0x06, 0x01, 0x2a]
            let message = try WireMessage(serializedBytes: unknown)
            let frame = WireClientFrame.send(message, in: call.id, number: 5)
            let bytes: [UInt8] = try frame.serializedBytes()
            try await call.caller.socket.send(opcode: 2, unknown)
            try await call.caller.socket.send(opcode: 2, bytes + unknown)
            try await call.caller.waitsForAcceptance(of: 5, in: call.id)
            let before = try call.callee.deliveries(in: call.id).count
            try await call.callee.isAnswered()
            #expect(try call.callee.deliveries(in: call.id).count == before)
            try await call.caller.send(.info("after it"), in: call.id, number: 6)
            try await call.callee.waits("gets what follows") {
                try $0.deliveries(in: call.id).last?.message.info.body == "after it"
            }
            try await call.expectUndisturbed()
        }
    }
}
