import SwitchboardProtocol
import SwitchboardTransport
import Testing
import WebSocketTestSupport

@Suite("WebSocket front: frames and connections (sockets on loopback)", .serialized, .timeLimit(.minutes(1)))
struct WebSocketFrontTests {
    @Test("Frames go both ways in both subprotocols", arguments: Subprotocol.allCases)
    func bothWays(_ subprotocol: Subprotocol) async throws {
        try await RunningFront.with { running in
            let (client, id) = try await running.connect(subprotocol)
            #expect(running.sink[id]?.info.subprotocol == subprotocol)
            #expect(running.sink[id]?.info.remoteAddress == "127.0.0.1")
            #expect(running.sink[id]?.info.host == "localhost")

            try await client.send(.hello(token: "secret"))
            await eventually("hello arrives") { running.sink[id]?.frames == [.hello(token: "secret")] }

            running.front.send([(id, [.accepted(1), .accepted(2)]), (id, [.accepted(3)])])
            try await eventually("all arrive") { try client.messages().count == 3 }
            #expect(try client.messages() == [.accepted(1), .accepted(2), .accepted(3)])
        }
    }

    @Test("Frames that come in one read are told in one call, in order")
    func oneCallPerTurn() async throws {
        try await RunningFront.with { running in
            let (client, id) = try await running.connect()
            let frames = [.hello()] + (1...50).map { WireClientFrame.ack($0) }
            try await client.raw.send(try client.bytes(of: frames))
            await eventually("all arrive") { running.sink[id]?.frames.count == frames.count }
            #expect(running.sink[id]?.frames == frames)
            // 51 frames of some 60 bytes fit into one read, or two if the kernel cuts them.
            #expect((running.sink[id]?.batches.count ?? .max) <= 3)
        }
    }

    @Test("One batch reaches connections on all event loops")
    func batchOverLoops() async throws {
        try await RunningFront.with { running in
            var connections: [(client: WebSocketClient, id: ConnectionID)] = []
            for _ in 0..<6 { connections.append(try await running.connect()) }
            #expect(Set(connections.map(\.id)).count == 6)
            #expect(running.front.connectionCount == 6)
            running.front.send(connections.enumerated().map { ($1.id, [.accepted(UInt32($0) + 1)]) })
            for (index, connection) in connections.enumerated() {
                try await eventually("its own frame arrives") {
                    try connection.client.messages() == [.accepted(UInt32(index) + 1)]
                }
            }
        }
    }

    @Test("The client's order of subprotocols decides, and unknown ones are passed over")
    func negotiation() async throws {
        try await RunningFront.with { running in
            let raw = try await RawClient.connect(port: running.port)
            try await raw.send(
                WebSocketClient.handshake(protocols: ["chat", "switchboard.v1.protobuf", "switchboard.v1.json"]))
            await eventually("answered") { raw.text.contains("\r\n\r\n") }
            #expect(raw.text.lowercased().contains("sec-websocket-protocol: switchboard.v1.protobuf\r\n"))
        }
    }

    @Test("A close frame of the client is answered with its code", arguments: [UInt16?.some(1000), nil])
    func clientCloses(_ code: UInt16?) async throws {
        try await RunningFront.with { running in
            let (client, id) = try await running.connect()
            try await client.send(opcode: 8, code.map { [UInt8($0 >> 8), UInt8($0 & 0xff)] } ?? [])
            await eventually("the sink hears it") { running.sink[id]?.reasons == [.byClient(code: code)] }
            await eventually("answered and closed") { client.count(opcode: 8) == 1 && client.raw.isClosed }
            #expect(client.closeCode == code)
            await eventually("the place is free") { running.front.connectionCount == 0 }
        }
    }

    @Test("A lost TCP connection is told once")
    func lost() async throws {
        try await RunningFront.with { running in
            let (client, id) = try await running.connect()
            await client.raw.close()
            await eventually("the sink hears it") { running.sink[id]?.reasons == [.lost] }
            running.front.close(id, code: .goingAway)
            running.front.send([(id, [.pongFrame])])
            try await running.expectAlive(try await running.connect())
            #expect(running.sink[id]?.reasons == [.lost])
        }
    }

    @Test("close sends the error, then its code, and the sink hears it")
    func serverCloses() async throws {
        try await RunningFront.with { running in
            let (client, id) = try await running.connect()
            running.front.send([(id, [.accepted(1)])])
            running.front.close(id, code: .badToken, after: .badToken)
            #expect(try await client.closed() == 4500)
            let messages = try client.messages()
            #expect(messages.first == .accepted(1))
            #expect(messages.last?.error.name == "bad_token")
            #expect(messages.last?.error.permanent == true)
            await eventually("told") { running.sink[id]?.reasons == [.byServer(.badToken)] }
            await eventually("the socket closes after the answer") { client.raw.isClosed }
        }
    }

    @Test("A client that does not answer the close frame is cut off")
    func closeWithoutAnswer() async throws {
        try await RunningFront.with(.changing { $0.limits.closeTimeout = .milliseconds(50) }) { running in
            let (client, id) = try await running.connect()
            running.front.close(id, code: .replaced)
            await eventually("cut off") { client.raw.isClosed }
            #expect(client.closeCode == 4502)
        }
    }

    @Test("Shutdown closes all with 1012 and takes nobody more")
    func shutdown() async throws {
        try await RunningFront.with { running in
            let (client, id) = try await running.connect()
            async let done: Void = running.front.shutdown(grace: .seconds(5))
            #expect(try await client.closed() == 1012)
            await done
            #expect(client.raw.isClosed)
            #expect(running.sink[id]?.reasons == [.byServer(.serviceRestart)])
            await #expect(throws: (any Error).self) { try await RawClient.connect(port: running.port) }
        }
    }

    @Test("A taken port is an error that says what to do")
    func portTaken() async throws {
        try await RunningFront.with { running in
            await #expect(throws: TransportError.self) {
                try await RunningFront.with(.changing { $0.port = running.port }) { _ in }
            }
        }
    }

    @Test("Client pings are answered with their payload")
    func clientPing() async throws {
        try await RunningFront.with { running in
            let (client, _) = try await running.connect()
            try await client.send(opcode: 9, [1, 2, 3])
            await eventually("pong") { client.frames.contains(.init(opcode: 10, payload: [1, 2, 3])) }
        }
    }
}
