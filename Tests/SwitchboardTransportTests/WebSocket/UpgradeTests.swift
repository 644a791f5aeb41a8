import SwitchboardProtocol
import SwitchboardTransport
import Testing
import WebSocketTestSupport

@Suite("WebSocket front: upgrade and HTTP on one port (sockets on loopback)", .serialized, .timeLimit(.minutes(1)))
struct UpgradeTests {
    private static let websocket = "Connection: Upgrade\r\nUpgrade: websocket\r\n"
    private static let key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    private static let version = "Sec-WebSocket-Version: 13\r\n"
    private static let ours = "Sec-WebSocket-Protocol: switchboard.v1.json\r\n"

    @Test(
        "A refused upgrade says why, by name",
        arguments: [
            (websocket + key + version, 400, "unsupported_subprotocol"),
            (websocket + key + version + "Sec-WebSocket-Protocol: chat\r\n", 400, "unsupported_subprotocol"),
            (websocket + key + "Sec-WebSocket-Version: 8\r\n" + ours, 400, "unsupported_version"),
            (websocket + version + ours, 400, "bad_handshake"),
            ("", 426, "upgrade_required"),
        ])
    func refused(_ headers: String, _ status: Int, _ name: String) async throws {
        try await RunningFront.with { running in
            let raw = try await RawClient.connect(port: running.port)
            try await raw.send("GET /v1/connect HTTP/1.1\r\nHost: localhost\r\n\(headers)\r\n")
            await eventually("answered") { raw.text.hasSuffix("}") }
            #expect(raw.text.hasPrefix("HTTP/1.1 \(status) "))
            #expect(raw.text.contains("\"error\":\"\(name)\""))
            #expect(running.sink.connections.isEmpty)
        }
    }

    @Test("The bound on connections is answered 503, and a freed place is given again")
    func maxConnections() async throws {
        try await RunningFront.with(.changing { $0.limits.maxConnections = 2 }) { running in
            let first = try await running.connect()
            let second = try await running.connect()
            let raw = try await RawClient.connect(port: running.port)
            try await raw.send(WebSocketClient.handshake(protocols: ["switchboard.v1.json"]))
            await eventually("answered") { raw.text.hasSuffix("}") }
            #expect(raw.text.hasPrefix("HTTP/1.1 503 "))
            #expect(raw.text.contains("too_many_connections"))
            await first.client.raw.close()
            await eventually("a place is free") { running.front.connectionCount == 1 }
            try await running.expectAlive(try await running.connect())
            try await running.expectAlive(second)
        }
    }

    @Test("The bound on sockets closes what is beyond it and leaves the others")
    func maxSockets() async throws {
        try await RunningFront.with(
            .changing {
                $0.limits.maxConnections = 1
                $0.limits.maxPlainSockets = 2
            }
        ) { running in
            let only = try await running.connect()
            var plain: [RawClient] = []
            // Which of them is one too many is up to the event loops that take them.
            for _ in 0..<3 { plain.append(try await RawClient.connect(port: running.port)) }
            await eventually("one is closed", within: .seconds(5)) { plain.count(where: \.isClosed) == 1 }
            let left = try #require(plain.first { !$0.isClosed })
            try await left.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            await eventually("the others are served") { left.text.hasPrefix("HTTP/1.1 404 ") }
            try await running.expectAlive(only)
        }
    }

    @Test("Headers beyond 16 KB are refused")
    func headerSize() async throws {
        try await RunningFront.with { running in
            let raw = try await RawClient.connect(port: running.port)
            let filler = String(repeating: "x", count: 17 * 1024)
            raw.post(Array("GET / HTTP/1.1\r\nHost: localhost\r\nX-Filler: \(filler)\r\n\r\n".utf8))
            await eventually("refused") { raw.isClosed }
            #expect(raw.text.isEmpty || raw.text.hasPrefix("HTTP/1.1 400 "))

            let good = try await RawClient.connect(port: running.port)
            try await good.send(
                "GET / HTTP/1.1\r\nHost: localhost\r\nX-Filler: \(filler.prefix(15 * 1024))\r\n\r\n")
            await eventually("answered") { good.text.hasPrefix("HTTP/1.1 404 ") }
        }
    }

    @Test("Other paths go to the responder, and the connection lives on")
    func otherPaths() async throws {
        var router = HTTPRouter()
        router.get("/demo/config") { _ in .json("{\"demo\":true}") }
        router.post("/demo/token") { request in .json(String(decoding: request.body, as: UTF8.self)) }
        try await RunningFront.with(responder: router) { running in
            let raw = try await RawClient.connect(port: running.port)
            try await raw.send("GET /demo/config?x=1 HTTP/1.1\r\nHost: localhost\r\n\r\n")
            await eventually("answered") { raw.text.hasSuffix("{\"demo\":true}") }
            try await raw.send("POST /demo/token HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nhi")
            await eventually("answered on the same connection") { raw.text.hasSuffix("hi") }
            try await raw.send("GET /demo/token HTTP/1.1\r\nHost: localhost\r\n\r\n")
            await eventually("wrong method") { raw.text.contains("HTTP/1.1 405 ") }
        }
    }

    @Test("An upgrade that is not the first request of its connection is refused by name, and closes it")
    func lateUpgrade() async throws {
        try await RunningFront.with { running in
            let raw = try await RawClient.connect(port: running.port)
            try await raw.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            await eventually("answered") { raw.text.hasPrefix("HTTP/1.1 404 ") }
            try await raw.send(WebSocketClient.handshake(protocols: ["switchboard.v1.json"]))
            await eventually("refused") { raw.text.contains("upgrade_comes_first") && raw.isClosed }
        }
    }

    @Test("A body beyond its limit is answered 413 and the connection closed")
    func bodySize() async throws {
        var router = HTTPRouter()
        router.post("/demo/token") { _ in .text("taken") }
        try await RunningFront.with(.changing { $0.http.maxBodyBytes = 100 }, responder: router) { running in
            let raw = try await RawClient.connect(port: running.port)
            let body = String(repeating: "x", count: 101)
            try await raw.send("POST /demo/token HTTP/1.1\r\nHost: localhost\r\nContent-Length: 101\r\n\r\n\(body)")
            await eventually("refused") { raw.text.contains("body_too_large") && raw.isClosed }
            #expect(raw.text.hasPrefix("HTTP/1.1 413 "))
        }
    }

    @Test("A socket that does not finish a request in time is closed", arguments: ["", "GET / HTTP/1.1\r\nHost:"])
    func slowRequest(_ part: String) async throws {
        try await RunningFront.with(.changing { $0.http.requestTimeout = .seconds(1) }) { running in
            let webSocket = try await running.connect()
            let raw = try await RawClient.connect(port: running.port)
            raw.post(Array(part.utf8))
            await eventually("closed") { raw.isClosed }
            // The deadline of the request does not follow the connection into the WebSocket.
            try await running.expectAlive(webSocket)
        }
    }

    @Test("The first WebSocket frames may come in one packet with the handshake")
    func earlyFrames() async throws {
        try await RunningFront.with { running in
            let raw = try await RawClient.connect(port: running.port)
            let bytes = try FrameCodec(.json).encode(WireClientFrame.hello())
            try await raw.send(
                Array(WebSocketClient.handshake(protocols: ["switchboard.v1.json"]).utf8)
                    + WebSocketClient.bytes(opcode: 1, bytes))
            await eventually("arrives") {
                running.sink.connections.first.flatMap { running.sink[$0]?.frames } == [.hello()]
            }
        }
    }

    @Test("Origin and forwarding headers are told")
    func info() async throws {
        try await RunningFront.with { running in
            _ = try await WebSocketClient.connect(
                port: running.port, extra: "Origin: https://example.org\r\nX-Forwarded-For: 192.0.2.1\r\n")
            await eventually("opened") { running.sink.connections.count == 1 }
            let info = try #require(running.sink.connections.first.flatMap { running.sink[$0]?.info })
            #expect(info.origin == "https://example.org")
            #expect(info.hasForwardedHeaders)
        }
    }

    @Test("With certificate and key the same port speaks TLS, and plain bytes are shown out")
    func tls() async throws {
        try await TestCertificates.withFiles { node, _ in
            let files = TLSFiles(certificateChain: node.certificateChain, privateKey: node.privateKey)
            try await RunningFront.with(.changing { $0.tls = files }) { running in
                let client = try await WebSocketClient.connect(port: running.port, trusting: TestCertificates.root)
                try await client.send(.hello())
                await eventually("arrives") {
                    running.sink.connections.first.flatMap { running.sink[$0]?.frames } == [.hello()]
                }
                let plain = try await RawClient.connect(port: running.port)
                plain.post(Array(WebSocketClient.handshake(protocols: ["switchboard.v1.json"]).utf8))
                await eventually("shown out") { plain.isClosed }
                running.front.send(running.sink.connections.map { ($0, [.pongFrame]) })
                try await eventually("an answer arrives") { try client.messages() == [.pongFrame] }
            }
            // A key that is not there.
            await #expect(throws: TransportError.self) {
                try await RunningFront.with(
                    .changing {
                        $0.tls = TLSFiles(certificateChain: node.certificateChain, privateKey: "/nowhere.key")
                    }
                ) { _ in }
            }
        }
    }
}
