import ClientTestSupport
import Foundation
import NIOWebSocket
import SwiftProtobuf
import SwitchboardClient
import SwitchboardProtocol
import Synchronization
import Testing

@Suite("Client against a server on loopback", .timeLimit(.minutes(1)))
struct SwitchboardClientTests {
    /// A server that keeps the queues' rules, and what a test may make it do.
    private final class Model: Sendable {
        private let server = Mutex(ModelServer())

        var committed: [WireMessage] { server.withLock { $0.committed[callA, default: []] } }

        func received(_ frame: WireClientFrame, _ connection: LoopbackServer.Connection) {
            for answer in server.withLock({ $0.received(frame) }) { connection.send(answer) }
        }

        func deliver(_ message: WireMessage, over connection: LoopbackServer.Connection?) {
            for frame in server.withLock({ $0.deliver(message, in: callA) }) { connection?.send(frame) }
        }

        func connectionLost() {
            server.withLock { $0.connectionLost() }
        }
    }

    private func client(
        _ server: LoopbackServer, _ change: (inout SessionOptions) -> Void = { _ in }
    ) throws -> SwitchboardClient {
        var options = SessionOptions(
            endpoint: try ServerEndpoint(url: server.endpointURL), device: DeviceID(trusted: "phone"),
            token: .fixed("token"))
        change(&options)
        return try SwitchboardClient(options)
    }

    @Test("sends and deliveries pass in both subprotocols", arguments: Subprotocol.allCases)
    func exchanges(subprotocol: Subprotocol) async throws {
        let model = Model()
        let server = try await LoopbackServer.start(handler: model.received)
        let client = try client(server) { $0.configuration.subprotocol = subprotocol }
        try await within { try await client.connect() }
        #expect(try await within { try await client.send(.info("one"), in: callA) } == 1)
        #expect(try await within { try await client.send(.info("two"), in: callA) } == 2)
        #expect(model.committed == [.info("one"), .info("two")])

        model.deliver(.info("hello"), over: server.connections.last)
        let body = try await client.event { event -> String? in
            if case .delivered(callA, let delivery) = event { delivery.message.info.body } else { nil }
        }
        #expect(body == "hello")
        await client.close()
        await server.stop()
    }

    @Test("a send survives the connection that carried it")
    func survives() async throws {
        let model = Model()
        let dropped = Atomic(false)
        let server = try await LoopbackServer.start { frame, connection in
            // The first send is taken from the wire and never seen by the server.
            if case .send = frame.frame, dropped.exchange(true, ordering: .relaxed) == false {
                model.connectionLost()
                return connection.drop()
            }
            model.received(frame, connection)
        }
        let client = try client(server)
        try await within { try await client.connect() }
        #expect(try await within { try await client.send(.info("one"), in: callA) } == 1)
        #expect(model.committed == [.info("one")])
        #expect(server.connections.count == 2)
        await client.close()
        await server.stop()
    }

    @Test("a refusal reaches the one who sent")
    func refuses() async throws {
        let server = try await LoopbackServer.start { frame, connection in
            switch frame.frame {
            case .hello: connection.send(.welcome())
            case .send(let send):
                connection.send(.failure(.notAllowed, in: callA, number: send.number))
                connection.send(.accepted(callA, send.number))
            default: break
            }
        }
        let client = try client(server)
        try await within { try await client.connect() }
        let error = await #expect(throws: SendError.self) {
            try await within { try await client.send(.info("one"), in: callA) }
        }
        guard case .refused(let refusal) = error else { throw DeadlineMissed() }
        #expect(refusal.known == .notAllowed)
        await client.close()
        await server.stop()
    }

    @Test("a final close code ends the session, and everybody who waits hears it")
    func ends() async throws {
        let server = try await LoopbackServer.start { frame, connection in
            switch frame.frame {
            case .hello: connection.send(.welcome())
            case .send: connection.close(code: .replaced)
            default: break
            }
        }
        let client = try client(server)
        try await within { try await client.connect() }
        await #expect(throws: SendError.sessionEnded(.refused(code: CloseCode.replaced.rawValue, nil))) {
            try await within { try await client.send(.info("one"), in: callA) }
        }
        await #expect(throws: SessionEnd.refused(code: CloseCode.replaced.rawValue, nil)) {
            try await within { try await client.connect() }
        }
        await server.stop()
    }

    @Test("pings are answered; fragments become one message")
    func websocketDetails() async throws {
        let model = Model()
        let server = try await LoopbackServer.start(handler: model.received)
        let client = try client(server)
        try await within { try await client.connect() }
        let connection = try #require(server.connections.last)
        connection.write(.ping, [1, 2, 3])
        connection.sendFragmented(.deliver(callA, 1, .info("in pieces")))
        let body = try await client.event { event -> String? in
            if case .delivered(callA, let delivery) = event { delivery.message.info.body } else { nil }
        }
        #expect(body == "in pieces")
        // What was sent after the pong has arrived.
        _ = try await within { try await client.send(.info("one"), in: callA) }
        #expect(server.pongs == 1)
        await client.close()
        await server.stop()
    }

    @Test("bytes that are no frame cost the server the connection, and the session goes on")
    func garbage() async throws {
        let model = Model()
        let server = try await LoopbackServer.start(handler: model.received)
        let client = try client(server)
        try await within { try await client.connect() }
        model.connectionLost()
        server.connections.last?.write(.binary, [0xff, 0xff, 0xff])
        _ = try await client.event { event -> Bool? in
            if case .disconnected(.protocolViolation, _) = event { true } else { nil }
        }
        #expect(try await within { try await client.send(.info("one"), in: callA) } == 1)
        await client.close()
        await server.stop()
    }

    @Test("says why it cannot connect: nobody there, or no Switchboard node")
    func unreachable() async throws {
        let server = try await LoopbackServer.start(subprotocols: []) { _, _ in }
        let stranger = try client(server)
        let reason = Task { try await stranger.event(where: Self.unreachableReason) }
        let connecting = Task { try await stranger.connect() }
        #expect(try await reason.value.contains("Switchboard node"))
        await stranger.close()
        await #expect(throws: SessionEnd.stopped) { try await connecting.value }
        await server.stop()

        let lonely = try client(server)
        let refused = Task { try await lonely.event(where: Self.unreachableReason) }
        let waiting = Task { try await lonely.connect() }
        #expect(try await refused.value.isEmpty == false)
        await lonely.close()
        await #expect(throws: SessionEnd.stopped) { try await waiting.value }
    }

    private static func unreachableReason(_ event: SessionEvent) -> String? {
        if case .disconnected(.unreachable(let reason), _) = event { reason } else { nil }
    }

    @Test("a cancelled send stops waiting, and is sent all the same")
    func cancels() async throws {
        let model = Model()
        let held = Mutex<[(WireClientFrame, LoopbackServer.Connection)]>([])
        let (arrivals, arrival) = AsyncStream.makeStream(of: Void.self)
        let server = try await LoopbackServer.start { frame, connection in
            guard case .send = frame.frame else { return model.received(frame, connection) }
            held.withLock { $0.append((frame, connection)) }
            arrival.yield()
        }
        let client = try client(server)
        try await within { try await client.connect() }
        let send = Task { try await client.send(.info("one"), in: callA) }
        try await within { for await _ in arrivals { break } }
        send.cancel()
        await #expect(throws: SendError.cancelled) { try await send.value }
        for (frame, connection) in held.withLock({ $0 }) { model.received(frame, connection) }
        #expect(model.committed == [.info("one")])
        await client.close()
        await server.stop()
    }

    @Test("a reader that lags behind loses nothing")
    func flowControl() async throws {
        let model = Model()
        let server = try await LoopbackServer.start(handler: model.received)
        let client = try client(server)
        try await within { try await client.connect() }
        _ = try await within { try await client.send(.info("one"), in: callA) }
        let connection = try #require(server.connections.last)
        for index in 1...5000 { model.deliver(.info("\(index)"), over: connection) }
        let numbers = try await within {
            var numbers: [UInt32] = []
            for await event in client.events {
                if case .delivered(_, let delivery) = event { numbers.append(delivery.number) }
                if numbers.count == 5000 { break }
            }
            return numbers
        }
        #expect(numbers == Array(1...5000))
        await client.close()
        await server.stop()
    }

    @Test("a token is renewed over the running connection before it expires")
    func renewsToken() async throws {
        let model = Model()
        let (refreshes, refresh) = AsyncStream.makeStream(of: String.self)
        let server = try await LoopbackServer.start { frame, connection in
            if case .refresh(let renewal) = frame.frame { refresh.yield(renewal.token) }
            model.received(frame, connection)
        }
        let count = Atomic(0)
        let client = try client(server) {
            // Half of a second is left to it, and it is renewed half-way.
            $0.token = .provider {
                let number = count.wrappingAdd(1, ordering: .relaxed).newValue
                let expiry = Date().timeIntervalSince1970 + (number == 1 ? 0.5 : 3600)
                return "\(number).\(Data("{\"exp\":\(expiry)}".utf8).base64EncodedString()).x"
            }
        }
        try await within { try await client.connect() }
        let renewed = try await within {
            for await token in refreshes { return token }
            throw DeadlineMissed()
        }
        #expect(renewed.hasPrefix("2."))
        #expect(server.connections.count == 1)
        await client.close()
        await server.stop()
    }

    @Test("ICE servers come with the greeting, are asked for, and come unasked")
    func iceServers() async throws {
        let server = try await LoopbackServer.start { frame, connection in
            switch frame.frame {
            case .hello:
                connection.send(
                    .with {
                        $0.welcome.iceServers = [.with { $0.urls = ["stun:first"] }]
                        $0.welcome.iceServersTtlMs = 1000
                    })
            case .iceServers:
                connection.send(.with { $0.iceServers.iceServers = [.with { $0.urls = ["turn:second"] }] })
            default: break
            }
        }
        let client = try client(server)
        #expect(await client.iceServers == nil)
        try await within { try await client.connect() }
        #expect(await client.iceServers?.iceServers.map(\.urls) == [["stun:first"]])
        #expect(await client.iceServers?.ttlMs == 1000)
        await client.requestICEServers()
        let urls = try await client.event { event -> [String]? in
            if case .iceServers(let servers) = event { servers.iceServers.flatMap(\.urls) } else { nil }
        }
        #expect(urls == ["turn:second"])
        #expect(await client.iceServers?.iceServers.map(\.urls) == [["turn:second"]])
        await client.close()
        await server.stop()
    }

    @Test("a storage that fails lets nothing out, and ends the session")
    func storageFails() async throws {
        struct Broken: OutboxStorage {
            func load() -> OutboxRecord { .fresh() }
            func record(_ change: OutboxChange) throws {
                if case .appended = change { throw OutboxStorageError.notLoaded }
            }
        }
        let model = Model()
        let server = try await LoopbackServer.start(handler: model.received)
        let client = try client(server) { $0.storage = Broken() }
        try await within { try await client.connect() }
        await #expect(throws: SendError.sessionEnded(.storageFailed)) {
            try await within { try await client.send(.info("one"), in: callA) }
        }
        #expect(model.committed == [])
        await server.stop()
    }
}
