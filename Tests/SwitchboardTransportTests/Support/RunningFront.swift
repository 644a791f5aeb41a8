import Logging
import NIOCore
import NIOPosix
import SwitchboardProtocol
import SwitchboardTransport
import Testing
import WebSocketTestSupport

/// A front on a free port of the loopback, with its sink.
struct RunningFront {
    let front: WebSocketFront
    let sink: RecordingSink
    let port: Int

    /// What a test configures otherwise.
    struct Change {
        let apply: (inout WebSocketFrontConfiguration) -> Void

        static func changing(_ apply: @escaping (inout WebSocketFrontConfiguration) -> Void) -> Change {
            Change(apply: apply)
        }
    }

    static func with(
        _ change: Change = .changing { _ in },
        responder: any HTTPResponder = EmptyResponder(),
        _ body: (RunningFront) async throws -> Void
    ) async throws {
        var configuration = WebSocketFrontConfiguration(port: 0)
        configuration.limits.closeTimeout = .milliseconds(500)
        change.apply(&configuration)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
        let front = WebSocketFront(
            configuration: configuration, group: group, responder: responder,
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        let sink = RecordingSink()
        do {
            let address = try await front.start(sink: sink)
            try await body(RunningFront(front: front, sink: sink, port: address.port))
            await front.shutdown(grace: .milliseconds(100))
            try await group.shutdownGracefully()
        } catch {
            await front.shutdown(grace: .zero)
            try? await group.shutdownGracefully()
            throw error
        }
    }

    /// Connects and waits until the sink knows the connection.
    func connect(
        _ subprotocol: Subprotocol = .json, receiveBuffer: Int? = nil
    ) async throws -> (client: WebSocketClient, id: ConnectionID) {
        let known = Set(sink.connections)
        let client = try await WebSocketClient.connect(port: port, subprotocol, receiveBuffer: receiveBuffer)
        var new: [ConnectionID] = []
        await eventually("the sink hears of the connection") {
            new = sink.connections.filter { !known.contains($0) }
            return !new.isEmpty
        }
        return (client, try #require(new.first))
    }

    /// The connection still carries frames both ways.
    func expectAlive(_ connection: (client: WebSocketClient, id: ConnectionID)) async throws {
        let (before, beforeMessages) = (sink[connection.id]?.frames.count ?? 0, try connection.client.messages().count)
        try await connection.client.send(.pingFrame)
        await eventually("a frame arrives") { (sink[connection.id]?.frames.count ?? 0) > before }
        front.send([(connection.id, [.pongFrame])])
        try await eventually("an answer arrives") { try connection.client.messages().count > beforeMessages }
    }
}

extension WireClientFrame {
    static var pingFrame: WireClientFrame {
        var frame = WireClientFrame()
        frame.ping = .init()
        return frame
    }

    static func ack(_ received: UInt32) -> WireClientFrame {
        var frame = WireClientFrame()
        frame.ack.conversation = "c"
        frame.ack.received = received
        return frame
    }

    static func hello(token: String = "t") -> WireClientFrame {
        var frame = WireClientFrame()
        frame.hello.token = token
        frame.hello.device = "d"
        return frame
    }
}

extension WireServerFrame {
    static var pongFrame: WireServerFrame {
        var frame = WireServerFrame()
        frame.pong = .init()
        return frame
    }

    static func accepted(_ number: UInt32) -> WireServerFrame {
        var frame = WireServerFrame()
        frame.accepted.conversation = "c"
        frame.accepted.number = number
        return frame
    }

    /// A delivery of about this size.
    static func filler(bytes: Int) -> WireServerFrame {
        var frame = WireServerFrame()
        frame.deliver.message.info.body = String(repeating: "x", count: bytes)
        return frame
    }
}
