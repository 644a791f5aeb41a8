import SwitchboardProtocol
import SwitchboardTransport
import Testing
import WebSocketTestSupport

@Suite("WebSocket front: limits (sockets on loopback)", .serialized, .timeLimit(.minutes(1)))
struct WebSocketLimitTests {
    /// Runs `offence` on one connection and expects its end, and that another connection does not notice.
    private func expectClosed(
        code: UInt16, error: String?, _ subprotocol: Subprotocol = .json,
        reason: ConnectionCloseReason? = nil,
        _ offence: (WebSocketClient) async throws -> Void
    ) async throws {
        try await RunningFront.with { running in
            let other = try await running.connect()
            try await running.expectAlive(other)
            let (client, id) = try await running.connect(subprotocol)
            try await offence(client)
            #expect(try await client.closed() == code)
            #expect(try client.messages().last?.error.name == error)
            await eventually("the sink hears it") { running.sink[id]?.reasons.count == 1 }
            #expect(running.sink[id]?.reasons.first == reason ?? CloseCode(rawValue: code).map { .byServer($0) })
            try await running.expectAlive(other)
        }
    }

    // MARK: - Size

    @Test("A message of exactly the limit passes, one byte more does not")
    func messageSize() async throws {
        let limit = 64 * 1024
        let text = try FrameCodec(.json).encode(WireClientFrame.hello(token: ""))
        func hello(ofBytes count: Int) -> WireClientFrame {
            .hello(token: String(repeating: "x", count: count - text.count - "\"token\":\"\",".utf8.count))
        }
        try await RunningFront.with { running in
            let (client, id) = try await running.connect()
            #expect(try FrameCodec(.json).encode(hello(ofBytes: limit)).count == limit)
            try await client.send(hello(ofBytes: limit))
            await eventually("arrives") { running.sink[id]?.frames.count == 1 }
        }
        try await expectClosed(code: 1009, error: "message_too_large") { try await $0.send(hello(ofBytes: limit + 1)) }
    }

    @Test("A length of 2^62 is refused at its header")
    func hugeLength() async throws {
        try await expectClosed(code: 1009, error: "message_too_large") { client in
            try await client.raw.send([0x81, 0xff, 0x40, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4])
        }
    }

    @Test("Fragments are put together, with control frames between them")
    func fragments() async throws {
        try await RunningFront.with { running in
            let (client, id) = try await running.connect()
            let bytes = try FrameCodec(.json).encode(WireClientFrame.hello())
            try await client.send(opcode: 1, Array(bytes.prefix(3)), isFinal: false)
            try await client.send(opcode: 0, [], isFinal: false)
            try await client.send(opcode: 9, [7])
            try await client.send(opcode: 0, Array(bytes.dropFirst(3)))
            await eventually("arrives") { running.sink[id]?.frames == [.hello()] }
            #expect(client.frames.contains(.init(opcode: 10, payload: [7])))
        }
    }

    @Test("The sum of fragments is bounded")
    func sumOfFragments() async throws {
        let part = [UInt8](repeating: UInt8(ascii: " "), count: 30_000)
        try await expectClosed(code: 1009, error: "message_too_large") { client in
            try await client.send(opcode: 1, part, isFinal: false)
            try await client.send(opcode: 0, part, isFinal: false)
            try await client.send(opcode: 0, part, isFinal: false)
        }
    }

    @Test("The number of fragments is bounded, empty ones included")
    func countOfFragments() async throws {
        try await expectClosed(code: 1009, error: "message_too_large") { client in
            try await client.send(opcode: 1, [], isFinal: false)
            for _ in 0..<64 { try await client.send(opcode: 0, [], isFinal: false) }
        }
    }

    // MARK: - Form

    @Test("What is no frame of the subprotocol is bad_frame", arguments: Subprotocol.allCases)
    func malformed(_ subprotocol: Subprotocol) async throws {
        try await expectClosed(code: 4501, error: "bad_frame", subprotocol) { client in
            try await client.send(opcode: subprotocol == .json ? 1 : 2, Array("{]".utf8))
        }
    }

    @Test("Text on the protobuf subprotocol and binary on the JSON one are bad_frame", arguments: Subprotocol.allCases)
    func wrongKind(_ subprotocol: Subprotocol) async throws {
        try await expectClosed(code: 4501, error: "bad_frame", subprotocol) { client in
            let bytes = try FrameCodec(subprotocol).encode(WireClientFrame.hello())
            try await client.send(opcode: subprotocol == .json ? 2 : 1, bytes)
        }
    }

    @Test("Text that is no UTF-8 is bad_frame")
    func invalidText() async throws {
        try await expectClosed(code: 4501, error: "bad_frame") { client in
            try await client.send(
                opcode: 1, Array("{\"hello\":{\"token\":\"".utf8) + [0xff, 0xfe] + Array("\"}}".utf8))
        }
    }

    @Test("Good frames before a bad one are told, those after it are not")
    func goodBeforeBad() async throws {
        try await RunningFront.with { running in
            let (client, id) = try await running.connect()
            let good = try client.bytes(of: [.hello(), .ack(1)])
            try await client.raw.send(good + WebSocketClient.bytes(opcode: 1, [0]) + good)
            #expect(try await client.closed() == 4501)
            #expect(running.sink[id]?.frames == [.hello(), .ack(1)])
        }
    }

    @Test(
        "What breaks RFC 6455 closes with 1002",
        arguments: [
            ("unmasked", WebSocketClient.bytes(opcode: 1, Array("{}".utf8), isMasked: false)),
            ("reserved bit", WebSocketClient.bytes(opcode: 1, Array("{}".utf8), reserved: 4)),
            ("reserved opcode", WebSocketClient.bytes(opcode: 3, [])),
            ("continuation of nothing", WebSocketClient.bytes(opcode: 0, [])),
            ("fragmented control frame", WebSocketClient.bytes(opcode: 9, [], isFinal: false)),
            ("long control frame", WebSocketClient.bytes(opcode: 9, [UInt8](repeating: 0, count: 126))),
            (
                "message inside a message",
                WebSocketClient.bytes(opcode: 1, [], isFinal: false) + WebSocketClient.bytes(opcode: 1, [])
            ),
        ])
    func protocolViolation(_ name: String, _ bytes: [UInt8]) async throws {
        try await expectClosed(code: 1002, error: nil, reason: .protocolViolation) { try await $0.raw.send(bytes) }
    }

    @Test("Garbage bytes after the upgrade end the connection and disturb nobody")
    func garbage() async throws {
        var generator = SystemRandomNumberGenerator()
        try await RunningFront.with { running in
            let other = try await running.connect()
            for _ in 0..<20 {
                let client = try await WebSocketClient.connect(port: running.port)
                client.raw.post((0..<5000).map { _ in .random(in: .min ... .max, using: &generator) })
                await client.raw.close()
            }
            try await running.expectAlive(other)
            await eventually("all others are gone") { running.front.connectionCount == 1 }
        }
    }

    @Test("Half a frame is waited for, byte by byte, and others go on meanwhile")
    func halfFrames() async throws {
        try await RunningFront.with { running in
            let other = try await running.connect()
            let (client, id) = try await running.connect()
            let bytes = try client.bytes(of: [.hello()])
            for byte in bytes.dropLast() { try await client.raw.send([byte]) }
            try await running.expectAlive(other)
            #expect(running.sink[id]?.frames == [])
            try await client.raw.send([try #require(bytes.last)])
            await eventually("arrives") { running.sink[id]?.frames == [.hello()] }
        }
    }

    // MARK: - Time and rate

    @Test("Without a first frame the connection ends as hello_timeout")
    func helloTimeout() async throws {
        try await RunningFront.with(.changing { $0.limits.helloTimeout = .seconds(1) }) { running in
            let (silent, silentID) = try await running.connect()
            let (speaking, speakingID) = try await running.connect()
            try await speaking.send(.hello())
            // Pings are no frames of the protocol.
            try await silent.send(opcode: 9, [])
            #expect(try await silent.closed() == 4002)
            #expect(try silent.messages().last?.error.name == "hello_timeout")
            #expect(running.sink[silentID]?.reasons == [.byServer(.helloTimeout)])
            try await running.expectAlive((speaking, speakingID))
        }
    }

    @Test("Pings come at their interval, and faster when asked; two misses close with 4001")
    func pings() async throws {
        try await RunningFront.with(
            .changing {
                $0.limits.pingInterval = .seconds(3600)
                $0.limits.fastPingInterval = .milliseconds(50)
            }
        ) { running in
            let (client, id) = try await running.connect()
            try await client.send(.hello())
            running.front.setPingInterval(id, fast: true)
            #expect(try await client.closed() == 4001)
            #expect(client.count(opcode: 9) == 2)
            #expect(running.sink[id]?.reasons == [.byServer(.pingTimeout)])
        }
    }

    @Test("Who answers pings stays")
    func answeredPings() async throws {
        try await RunningFront.with(.changing { $0.limits.pingInterval = .milliseconds(300) }) { running in
            let (client, id) = try await running.connect()
            try await client.send(.hello())
            var answered = 0
            await eventually("five pings came") {
                while answered < client.count(opcode: 9) {
                    answered += 1
                    try? await client.send(opcode: 10, [])
                }
                return answered >= 5
            }
            #expect(running.sink[id]?.reasons == [])
        }
    }

    @Test("Beyond its rate a client is read more slowly, loses nothing, and does not slow others")
    func rate() async throws {
        try await RunningFront.with(
            .changing {
                $0.limits.messagesPerSecond = 100
                $0.limits.messageBurst = 20
            }
        ) { running in
            let other = try await running.connect()
            let (client, id) = try await running.connect()
            let frames = (1...60).map { WireClientFrame.ack($0) }
            let start = ContinuousClock.now
            // In several writes, for what one read brings is not put back.
            for frame in frames { try await client.send(frame) }
            try await running.expectAlive(other)
            await eventually("all arrive") { running.sink[id]?.frames.count == 60 }
            #expect(running.sink[id]?.frames == frames)
            try await client.send(.pingFrame)
            await eventually("goes on") { running.sink[id]?.frames.count == 61 }
            // 61 frames, 20 at once, at most 20 of debt: no less than 21 have to wait for their tokens.
            #expect(ContinuousClock.now - start >= .milliseconds(190))
            #expect(running.sink[id]?.reasons == [])
        }
    }

    @Test("setReading(false) leaves frames in the socket until true, and is no reason to miss pings")
    func setReading() async throws {
        try await RunningFront.with(.changing { $0.limits.fastPingInterval = .milliseconds(50) }) { running in
            let (client, id) = try await running.connect()
            try await client.send(.hello())
            await eventually("hello arrives") { running.sink[id]?.frames.count == 1 }
            running.front.setReading(id, false)
            running.front.setPingInterval(id, fast: true)
            func morePings(_ count: Int) async {
                let before = client.count(opcode: 9)
                await eventually("pings come") { client.count(opcode: 9) >= before + count }
            }
            await morePings(1)
            // One read may have been asked for already; after it, nothing.
            try await client.send(.ack(1))
            await morePings(6)
            try await client.send(.ack(2))
            await morePings(3)
            #expect(running.sink[id]?.frames.contains(.ack(2)) == false)
            #expect(running.sink[id]?.reasons == [])
            running.front.setPingInterval(id, fast: false)
            running.front.setReading(id, true)
            await eventually("all arrive") { running.sink[id]?.frames == [.hello(), .ack(1), .ack(2)] }
        }
    }

    @Test("Who does not read is closed as slow_consumer; another connection is not affected")
    func slowConsumer() async throws {
        try await RunningFront.with { running in
            let other = try await running.connect()
            let slow = try await running.connect(receiveBuffer: 4096)
            try await slow.client.raw.setReading(false)
            let filler = WireServerFrame.filler(bytes: 60_000)
            // More than the kernel's buffers and ours take together; ends as soon as the front has closed it.
            for _ in 0..<400 where running.sink[slow.id]?.reasons == [] {
                running.front.send([(slow.id, [filler]), (other.id, [.accepted(1)])])
                try await running.expectAlive(other)
            }
            #expect(running.sink[slow.id]?.reasons == [.byServer(.slowConsumer)])
            try await running.expectAlive(other)
            try await slow.client.raw.setReading(true)
            await eventually("the socket ends") { slow.client.raw.isClosed }
        }
    }

    @Test("A large but bounded burst is no reason to close")
    func burst() async throws {
        try await RunningFront.with { running in
            let (client, id) = try await running.connect()
            running.front.send([(id, (0..<12).map { _ in .filler(bytes: 60_000) })])
            try await eventually("all arrive") { try client.messages().count == 12 }
            #expect(running.sink[id]?.reasons == [])
        }
    }
}
