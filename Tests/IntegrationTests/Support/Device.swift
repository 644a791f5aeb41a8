import Foundation
import LocalCluster
import SwiftProtobuf
import SwitchboardProtocol
import Synchronization
import WebSocketTestSupport

/// A device on a raw WebSocket. It does what it is told and nothing by itself: no resend, no acknowledgement, no reconnect.
final class Device: Sendable {
    let socket: WebSocketClient
    let user: String
    let device: String
    let outbox: String
    private let numbers = Mutex<[ConversationID: UInt32]>([:])

    private init(socket: WebSocketClient, user: String, device: String, outbox: String) {
        self.socket = socket
        self.user = user
        self.device = device
        self.outbox = outbox
    }

    /// Connects and waits until everything that waited has come.
    static func connect(
        _ node: RunningNode, _ user: String, device: String = "d1", connection: UInt32 = 1,
        outbox: String = UUID().uuidString, token: String? = nil, knowing cursors: [ConversationID: UInt32] = [:],
        _ subprotocol: Subprotocol = .json, receiveBuffer: Int? = nil
    ) async throws -> Device {
        let socket = try await WebSocketClient.connect(port: node.port, subprotocol, receiveBuffer: receiveBuffer)
        let device = Device(socket: socket, user: user, device: device, outbox: outbox)
        let token = if let token { token } else { try await TestToken.make(user) }
        try await socket.send(device.hello(token: token, connection: connection, knowing: cursors))
        try await device.waits("is in sync") { try $0.messages.contains(where: \.isSync) }
        return device
    }

    func hello(token: String, connection: UInt32 = 1, knowing cursors: [ConversationID: UInt32] = [:])
        -> WireClientFrame
    {
        .hello(token: token, device: device, connection: connection, outbox: outbox, knowing: cursors)
    }

    // MARK: Sending

    /// Sends under the next number, or under the one given.
    @discardableResult
    func send(_ message: WireMessage, in call: ConversationID, number given: UInt32? = nil) async throws -> UInt32 {
        let number = numbers.withLock { numbers in
            let number = given ?? (numbers[call] ?? 0) + 1
            numbers[call] = max(number, numbers[call] ?? 0)
            return number
        }
        try await socket.send(.send(message, in: call, number: number))
        return number
    }

    /// Sends and waits for the acceptance.
    func sendAccepted(_ message: WireMessage, in call: ConversationID) async throws {
        let number = try await send(message, in: call)
        try await waitsForAcceptance(of: number, in: call)
    }

    // MARK: What came

    var messages: [WireServerFrame] { get throws { try socket.messages() } }

    var errors: [WireError] {
        get throws {
            try messages.compactMap { if case .error(let error)? = $0.frame { error } else { nil } }
        }
    }

    func deliveries(in call: ConversationID) throws -> [WireDeliver] {
        try messages.compactMap {
            guard case .deliver(let deliver)? = $0.frame, deliver.conversation == call.description else { return nil }
            return deliver
        }
    }

    /// What was delivered, by the names of its kinds.
    func kinds(in call: ConversationID) throws -> [String] { try deliveries(in: call).map(\.message.kind) }

    func snapshot(of call: ConversationID) throws -> WireSnapshot? {
        try messages.compactMap { frame -> WireSnapshot? in
            guard case .snapshot(let snapshot)? = frame.frame, snapshot.conversation == call.description else {
                return nil
            }
            return snapshot
        }.last
    }

    func accepted(in call: ConversationID) throws -> [UInt32] {
        try messages.compactMap {
            guard case .accepted(let accepted)? = $0.frame, accepted.conversation == call.description else {
                return nil
            }
            return accepted.number
        }
    }

    // MARK: Waiting

    /// - Throws: if the condition does not hold in time, with all that came.
    func waits(_ what: String, _ condition: (Device) throws -> Bool) async throws {
        try await waitUntil(
            "\(user)/\(device) \(what)", within: .seconds(20),
            detail: { ((try? messages) ?? []).map { "\($0)" }.joined().suffix(3000).description },
            { try condition(self) })
    }

    func waitsForAcceptance(of number: UInt32, in call: ConversationID) async throws {
        try await waits("has number \(number) accepted") { try ($0.accepted(in: call).max() ?? 0) >= number }
    }

    func waitsForKinds(_ kinds: [String], in call: ConversationID) async throws {
        try await waits("gets \(kinds)") { try $0.kinds(in: call).count >= kinds.count }
    }

    /// The first error of this name.
    func waitsForError(_ name: ErrorName) async throws -> WireError {
        try await waits("gets the error \(name.rawValue)") { try $0.errors.contains { $0.name == name.rawValue } }
        return try errors.first { $0.name == name.rawValue } ?? WireError()
    }

    /// Whether the node still answers on this connection; all that it sent before has come when this returns.
    func isAnswered() async throws {
        let before = try messages.count(where: \.isPong)
        try await socket.send(.ping())
        try await waits("gets a pong") { try $0.messages.count(where: \.isPong) > before }
    }
}
