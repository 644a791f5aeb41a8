import LocalCluster
import SwitchboardProtocol
import Testing
import WebSocketTestSupport

@Suite("A client that does not read (real node, SQLite)", .timeLimit(.minutes(3)))
struct SlowConsumerTests {
    @Test("It is closed as slow_consumer, others do not notice, and it finds all it missed when it comes back")
    func slowConsumer() async throws {
        try await RunningNode.with { node in
            let bystander = try await OngoingCall.establish(on: node)
            let call = try await OngoingCall.establish(
                on: node, callerSpeaks: .protobuf, calleeSpeaks: .protobuf, calleeReceiveBuffer: 4096)
            let slow = call.callee
            try await slow.socket.raw.setReading(false)
            let body = String(repeating: "x", count: 60_000)
            var sent = 0
            // More than the buffers of both kernels and of the node hold together.
            while try await connections(node) == 4, sent < 400 {
                for _ in 0..<8 { try await call.caller.send(.info(body), in: call.id) }
                sent += 8
                try await call.caller.waitsForAcceptance(of: UInt32(4 + sent), in: call.id)
            }
            #expect(try await connections(node) == 3, "closed after \(sent) messages")
            try await bystander.expectUndisturbed()

            try await slow.socket.raw.setReading(true)
            try await waitUntil("the slow socket ends", within: .seconds(20)) { slow.socket.raw.isClosed }
            // The node gives up a socket that takes nothing after a while, so the close frame need not get through.
            #expect(slow.socket.closeCode == nil || slow.socket.closeCode == CloseCode.slowConsumer.rawValue)
            let seen = try slow.deliveries(in: call.id).map(\.number)
            #expect(seen == Array(1...UInt32(seen.count)))

            let back = try await Device.connect(
                node, slow.user, connection: 2, outbox: slow.outbox, knowing: [call.id: UInt32(seen.count)], .protobuf)
            let missed = try back.deliveries(in: call.id)
            #expect(missed.map(\.number) == Array(UInt32(seen.count) + 1...UInt32(5 + sent)))
            #expect(missed.allSatisfy { $0.message.info.body == body })
        }
    }

    private func connections(_ node: RunningNode) async throws -> Double? {
        try await node.metrics().first { $0.name == "switchboard_connections" }?.value
    }
}
