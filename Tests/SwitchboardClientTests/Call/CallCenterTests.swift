import ClientTestSupport
import SwiftProtobuf
import SwitchboardProtocol
import Testing

@testable import SwitchboardClient

/// The actor itself, over real sockets; the rules of calls are tested where they are made.
@Suite("Call center against a server on loopback", .timeLimit(.minutes(1)))
struct CallCenterTests {
    /// A device with its center, and a library without media.
    private struct Device {
        let center: CallCenter
        let library = FakePeerConnections()

        init(_ server: LoopbackServer, storage: any OutboxStorage = MemoryOutboxStorage()) async throws {
            var options = SessionOptions(endpoint: try ServerEndpoint(url: server.endpointURL), token: .fixed("token"))
            options.storage = storage
            center = await CallCenter(try SwitchboardClient(options), peerConnections: library)
        }
    }

    private func server(_ onSend: @escaping @Sendable (WireSend, LoopbackServer.Connection) -> Void) async throws
        -> LoopbackServer
    {
        try await LoopbackServer.start { frame, connection in
            switch frame.frame {
            case .hello:
                connection.send(.welcome())
                connection.send(.syncComplete())
            case .send(let send): onSend(send, connection)
            default: break
            }
        }
    }

    private static func accept(_ send: WireSend, _ connection: LoopbackServer.Connection) {
        guard let id = ConversationID(send.conversation) else { return }
        connection.send(.accepted(id, send.number))
    }

    @Test("a call is placed, its decisions return when they are committed, and its events end with it")
    func places() async throws {
        let server = try await server(Self.accept)
        let device = try await Device(server)
        try await within { try await device.center.connect() }
        let call = await device.center.call(UserID(trusted: "bob"), .audio)
        #expect(call.state == .inviting && call.role == .caller && call.peer == "bob" && call.media == .audio)
        #expect(await device.center.live.map(\.id) == [call.id])
        try await within {
            var isPlaced = false
            for await event in call.events {
                isPlaced = isPlaced || event == .placed
                if isPlaced, call.peerConnection != nil { break }
            }
        }
        try await within { try await call.hangUp() }
        #expect(call.state == .ended(CallEnd(.cancelled)) && call.peerConnection == nil)
        try await within { for await _ in call.events {} }
        await #expect(throws: CallError.wrongState) { try await call.accept() }
        try await within { try await call.hangUp() }
        #expect(await device.center.live.isEmpty)
        #expect(device.library.faults == [])
        await device.center.close()
        await server.stop()
    }

    @Test("a decision that the server refuses throws why")
    func refuses() async throws {
        let server = try await server { send, connection in
            if case .reject = send.message.content, let id = ConversationID(send.conversation) {
                connection.send(.failure(.callLimit, in: id, number: send.number))
            }
            Self.accept(send, connection)
        }
        let device = try await Device(server)
        try await within { try await device.center.connect() }
        server.connections.last?.send(.deliver(callA, 1, .with { $0.invite.caller = "bob" }))
        let call = try await within { () throws -> Call in
            for await event in device.center.events { if case .incoming(let call) = event { return call } }
            throw DeadlineMissed()
        }
        let error = await #expect(throws: CallError.self) { try await within { try await call.hangUp() } }
        guard case .send(.refused(let refusal)) = error else { throw DeadlineMissed() }
        #expect(refusal.known == .callLimit)
        #expect(call.state == .ended(CallEnd(.declined)))
        await device.center.close()
        await server.stop()
    }

    @Test("a push of a call that is over is told so; one that rings is told with its call")
    func pushes() async throws {
        let server = try await LoopbackServer.start { frame, connection in
            guard case .hello(let hello) = frame.frame else { return }
            connection.send(.welcome())
            for cursor in hello.conversations {
                guard let id = ConversationID(cursor.conversation) else { continue }
                if id == callA { connection.send(.deliver(id, 1, .with { $0.invite.caller = "bob" })) }
                if id == callB { connection.send(.snapshot(id, next: 1, state: "ended")) }
            }
            connection.send(.syncComplete())
        }
        let device = try await Device(server)
        async let first = device.center.pushReceived(callA)
        async let second = device.center.pushReceived(callB)
        // Both are asked for before the first `hello`.
        try await within { while await device.center.waitingPushes < 2 { await Task.yield() } }
        try await within { try await device.center.connect() }
        let (ringing, over) = await (first, second)
        #expect(ringing?.id == callA && ringing?.state == .ringing)
        #expect(over == nil)
        await device.center.close()
        await server.stop()
    }

    @Test("a call that never left is taken back when the application starts again")
    func takesBack() async throws {
        struct Stored: OutboxStorage {
            func load() -> OutboxRecord {
                var record = OutboxRecord.fresh()
                record.apply(.appended(callA, number: 1, .with { $0.invite.callee = "bob" }))
                return record
            }
            func record(_ change: OutboxChange) {}
        }
        let (sends, send) = AsyncStream.makeStream(of: WireSend.self)
        let server = try await server { message, connection in
            send.yield(message)
            Self.accept(message, connection)
        }
        let device = try await Device(server, storage: Stored())
        try await within { try await device.center.connect() }
        let kinds = try await within {
            var kinds: [UInt32: WireMessage] = [:]
            for await send in sends {
                kinds[send.number] = send.message
                if kinds.count == 2 { break }
            }
            return kinds
        }
        #expect(kinds[1]?.invite.callee == "bob")
        guard case .cancel? = kinds[2]?.content else { throw DeadlineMissed() }
        await device.center.close()
        await server.stop()
    }

    @Test("how the connection stands is told, and its end ends the events")
    func connection() async throws {
        let server = try await server(Self.accept)
        let device = try await Device(server)
        try await within { try await device.center.connect() }
        server.connections.last?.close(code: .replaced)
        let statuses = try await within {
            var statuses: [ConnectionStatus] = []
            for await event in device.center.events {
                if case .connection(let status) = event { statuses.append(status) }
            }
            return statuses
        }
        #expect(
            statuses == [
                .connecting, .connected(node: "n1"), .ended(.refused(code: CloseCode.replaced.rawValue, nil)),
            ])
        await server.stop()
    }
}
