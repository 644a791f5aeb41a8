import NIOConcurrencyHelpers
import SwiftProtobuf
import SwitchboardProtocol
import Testing

/// A WebSocket client over raw bytes, so that tests can break every rule.
final class WebSocketClient: Sendable {
    struct Frame: Equatable {
        var opcode: UInt8
        var isFinal = true
        var payload: [UInt8]

        var closeCode: UInt16? {
            opcode == 8 && payload.count >= 2 ? UInt16(payload[0]) << 8 | UInt16(payload[1]) : nil
        }
    }

    let raw: RawClient
    let subprotocol: Subprotocol
    private let headEnd: Int

    private init(raw: RawClient, subprotocol: Subprotocol, headEnd: Int) {
        self.raw = raw
        self.subprotocol = subprotocol
        self.headEnd = headEnd
    }

    static func handshake(protocols: [String], path: String = "/v1/connect", extra: String = "") -> String {
        let offered = protocols.isEmpty ? "" : "Sec-WebSocket-Protocol: \(protocols.joined(separator: ", "))\r\n"
        return "GET \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\(offered)\(extra)\r\n"
    }

    static func connect(
        port: Int, _ subprotocol: Subprotocol = .json, extra: String = "", receiveBuffer: Int? = nil,
        trusting root: String? = nil
    ) async throws -> WebSocketClient {
        let raw = try await RawClient.connect(port: port, receiveBuffer: receiveBuffer, trusting: root)
        try await raw.send(handshake(protocols: [subprotocol.rawValue], extra: extra))
        try #require(await eventually("the upgrade is answered") { raw.text.contains("\r\n\r\n") })
        let text = raw.text
        try #require(text.hasPrefix("HTTP/1.1 101"), "answered: \(text)")
        // The accept key that RFC 6455 §1.3 gives for the sample nonce.
        try #require(text.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="))
        try #require(text.lowercased().contains("sec-websocket-protocol: \(subprotocol.rawValue)"))
        let bytes = raw.received
        let end = Array("\r\n\r\n".utf8)
        let head = (0...(bytes.count - 4)).first { Array(bytes[$0..<$0 + 4]) == end }
        return WebSocketClient(raw: raw, subprotocol: subprotocol, headEnd: try #require(head) + 4)
    }

    // MARK: - Sending

    static func bytes(
        opcode: UInt8, _ payload: [UInt8], isFinal: Bool = true, isMasked: Bool = true, reserved: UInt8 = 0
    ) -> [UInt8] {
        var bytes: [UInt8] = [(isFinal ? 0x80 : 0) | reserved << 4 | opcode]
        let mask: UInt8 = isMasked ? 0x80 : 0
        switch payload.count {
        case ..<126: bytes.append(mask | UInt8(payload.count))
        case ..<65536: bytes += [mask | 126, UInt8(payload.count >> 8), UInt8(payload.count & 0xff)]
        default:
            bytes.append(mask | 127)
            bytes += (0..<8).map { UInt8(truncatingIfNeeded: payload.count >> (56 - $0 * 8)) }
        }
        guard isMasked else { return bytes + payload }
        let key: [UInt8] = [0x12, 0x34, 0x56, 0x78]
        return bytes + key + payload.enumerated().map { $0.element ^ key[$0.offset % 4] }
    }

    func bytes(of frames: [WireClientFrame]) throws -> [UInt8] {
        let codec = FrameCodec(subprotocol)
        return try frames.flatMap { frame in
            Self.bytes(opcode: subprotocol == .json ? 1 : 2, try codec.encode(frame))
        }
    }

    func send(_ frames: WireClientFrame...) async throws {
        try await raw.send(try bytes(of: frames))
    }

    func send(
        opcode: UInt8, _ payload: [UInt8], isFinal: Bool = true, isMasked: Bool = true, reserved: UInt8 = 0
    ) async throws {
        try await raw.send(
            Self.bytes(opcode: opcode, payload, isFinal: isFinal, isMasked: isMasked, reserved: reserved))
    }

    // MARK: - Receiving

    /// All whole frames received so far.
    var frames: [Frame] {
        var bytes = raw.received.dropFirst(headEnd)
        var frames: [Frame] = []
        while bytes.count >= 2 {
            let first = bytes[bytes.startIndex]
            let second = bytes[bytes.startIndex + 1]
            var header = 2
            var length = Int(second & 0x7f)
            if length == 126 || length == 127 {
                let extra = length == 126 ? 2 : 8
                guard bytes.count >= 2 + extra else { break }
                length = bytes.dropFirst(2).prefix(extra).reduce(0) { $0 << 8 | Int($1) }
                header += extra
            }
            guard second & 0x80 == 0, bytes.count >= header + length else { break }
            let payload = Array(bytes.dropFirst(header).prefix(length))
            frames.append(Frame(opcode: first & 0x0f, isFinal: first & 0x80 != 0, payload: payload))
            bytes = bytes.dropFirst(header + length)
        }
        return frames
    }

    /// The server's messages so far, decoded.
    func messages() throws -> [WireServerFrame] {
        let codec = FrameCodec(subprotocol)
        let opcode: UInt8 = subprotocol == .json ? 1 : 2
        return try frames.filter { $0.opcode == opcode }.map {
            try codec.decode(WireServerFrame.self, from: $0.payload)
        }
    }

    var closeCode: UInt16? { frames.compactMap(\.closeCode).first }

    func count(opcode: UInt8) -> Int { frames.count { $0.opcode == opcode } }

    /// Waits for the close frame and answers it, as a client must.
    func closed() async throws -> UInt16 {
        await eventually("the server sends a close frame") { closeCode != nil || raw.isClosed }
        let code = try #require(closeCode)
        try? await send(opcode: 8, [UInt8(code >> 8), UInt8(code & 0xff)])
        return code
    }
}
