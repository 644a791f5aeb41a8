import Foundation
import LocalCluster
import SwitchboardProtocol
import Testing
import WebSocketTestSupport

@Suite("What breaks the rules of the socket (real node, SQLite)", .timeLimit(.minutes(3)))
struct SocketRulesTests {
    @Test("Bytes that are no HTTP: the socket is closed, others do not notice")
    func garbageBeforeUpgrade() async throws {
        try await besideOngoingCall { node in
            for garbage in [[0x16, 0x03, 0x01, 0x02, 0x00], Array(repeating: 0xff, count: 4096)] as [[UInt8]] {
                let raw = try await RawClient.connect(port: node.port)
                try await raw.send(garbage + Array("\r\n\r\n".utf8))
                try await waitUntil("the socket is closed", within: .seconds(10)) { raw.isClosed }
                #expect(raw.text.isEmpty || raw.text.hasPrefix("HTTP/1.1 400"))
            }
        }
    }

    @Test("Bytes that are no WebSocket frame: closed with 1002, or with 1009 if they look like an endless one")
    func garbageAfterUpgrade() async throws {
        try await besideOngoingCall { node in
            for (garbage, code) in [
                ([0xff, 0x85] + Array(repeating: 0xff, count: 509), 1002),
                (Array(repeating: 0xff, count: 512), 1009),
            ] as [([UInt8], UInt16)] {
                let socket = try await WebSocketClient.connect(port: node.port)
                try await socket.raw.send(garbage)
                #expect(try await socket.closed() == code)
            }
            let greeted = try await Device.connect(node, "garbage-after-hello")
            try await greeted.socket.send(opcode: 1, Array("{}".utf8), isMasked: false)
            #expect(try await greeted.socket.closed() == 1002)
        }
    }

    @Test(
        "A message that is no frame of the subprotocol: bad_frame, 4501",
        arguments: [Subprotocol.json, .protobuf])
    func badFrame(subprotocol: Subprotocol) async throws {
        try await besideOngoingCall { node in
            let opcode: UInt8 = subprotocol == .json ? 1 : 2
            for garbage in ["{\"hello\":", "nonsense", "{\"send\":{\"number\":\"much\"}}"] {
                let socket = try await WebSocketClient.connect(port: node.port, subprotocol)
                try await socket.send(opcode: opcode, Array(garbage.utf8) + [0xff, 0xff])
                try await expectClosed(socket, .badFrame, .badFrame)
            }
            let greeted = try await Device.connect(node, "bad-frame-\(subprotocol.rawValue)", subprotocol)
            try await greeted.socket.send(opcode: opcode, [0xff, 0xff, 0xff])
            try await expectClosed(greeted.socket, .badFrame, .badFrame)
            // The other encoding of a good frame is no frame either.
            let mixed = try await Device.connect(node, "mixed-\(subprotocol.rawValue)", subprotocol)
            try await mixed.socket.send(opcode: 3 - opcode, Array("{\"ping\":{}}".utf8))
            try await expectClosed(mixed.socket, .badFrame, .badFrame)
        }
    }

    @Test(
        "A subprotocol that the node does not speak, or none: refused before the upgrade, by name",
        arguments: [["switchboard.v2.json"], ["soap", "mqtt"], []])
    func wrongSubprotocol(offered: [String]) async throws {
        try await besideOngoingCall { node in
            let raw = try await RawClient.connect(port: node.port)
            try await raw.send(WebSocketClient.handshake(protocols: offered))
            try await waitUntil("the node answers", within: .seconds(10)) {
                raw.text.contains("unsupported_subprotocol")
            }
            #expect(raw.text.hasPrefix("HTTP/1.1 400"))
        }
    }

    @Test("No hello, or half of one: hello_timeout, 4002, after five seconds; others do not wait")
    func noHello() async throws {
        try await besideOngoingCall { node in
            let start = ContinuousClock.now
            let silent = try await WebSocketClient.connect(port: node.port)
            let halting = try await WebSocketClient.connect(port: node.port)
            let hello = try halting.bytes(of: [.hello(token: try await TestToken.make("halting"))])
            try await halting.raw.send(Array(hello.prefix(hello.count / 2)))
            try await expectClosed(silent, .helloTimeout, .helloTimeout)
            try await expectClosed(halting, .helloTimeout, .helloTimeout)
            #expect(ContinuousClock.now - start >= .seconds(4.9))
        }
    }

    @Test("Half a frame after the hello holds nobody up; the rest of it makes it whole")
    func halfFrame() async throws {
        try await besideOngoingCall { node in
            let device = try await Device.connect(node, "half-frame")
            let ping = try device.socket.bytes(of: [.ping()])
            try await device.socket.raw.send(Array(ping.prefix(5)))
            let other = try await Device.connect(node, "whole-frame")
            try await other.isAnswered()
            #expect(try !device.messages.contains(where: \.isPong))
            try await device.socket.raw.send(Array(ping.dropFirst(5)))
            try await device.waits("gets its pong") { try $0.messages.contains(where: \.isPong) }
        }
    }

    @Test("A frame before the hello, and a second hello: hello_expected, 4501")
    func helloOutOfPlace() async throws {
        try await besideOngoingCall { node in
            let early = try await WebSocketClient.connect(port: node.port)
            try await early.send(.ping())
            try await expectClosed(early, .badFrame, .helloExpected)

            let device = try await Device.connect(node, "two-hellos")
            try await device.socket.send(device.hello(token: try await TestToken.make("two-hellos"), connection: 2))
            try await expectClosed(device.socket, .badFrame, .helloExpected)
        }
    }

    @Test("A message of 65 KiB, in one frame or in many: message_too_large, 1009")
    func tooLarge() async throws {
        try await besideOngoingCall { node in
            let whole = try await Device.connect(node, "too-large")
            try await whole.socket.send(opcode: 1, Array(repeating: 0x20, count: 65 * 1024))
            try await expectClosed(whole.socket, .messageTooBig, .messageTooLarge)

            let pieces = try await Device.connect(node, "too-large-in-pieces")
            for place in 0..<5 {
                try? await pieces.socket.send(
                    opcode: place == 0 ? 1 : 0, Array(repeating: 0x20, count: 13 * 1024), isFinal: false)
            }
            try await expectClosed(pieces.socket, .messageTooBig, .messageTooLarge)
        }
    }

    @Test("A message of endless empty fragments: message_too_large, 1009")
    func fragmentedFlood() async throws {
        try await besideOngoingCall { node in
            let device = try await Device.connect(node, "fragments")
            var flood = WebSocketClient.bytes(opcode: 1, [], isFinal: false)
            for _ in 0..<10_000 { flood += WebSocketClient.bytes(opcode: 0, [], isFinal: false) }
            device.socket.raw.post(flood)
            try await expectClosed(device.socket, .messageTooBig, .messageTooLarge)
        }
    }

    @Test("A message of just 64 KiB is taken")
    func largest() async throws {
        let node = try await RunningNode.shared()
        let call = try await OngoingCall.establish(on: node, callerSpeaks: .protobuf)
        let frame = WireClientFrame.send(.info(""), in: call.id, number: 5)
        let room = 64 * 1024 - (try FrameCodec(.protobuf).encode(frame).count) - 12
        try await call.caller.sendAccepted(.info(String(repeating: "x", count: room)), in: call.id)
        try await call.callee.waits("gets it") { try $0.deliveries(in: call.id).last?.message.info.body.count == room }
        try await call.expectUndisturbed()
    }
}
