import SwiftProtobuf
package import SwitchboardProtocol

/// A WebSocket client over raw bytes, so that tests can break every rule.
package final class WebSocketClient: Sendable {
    package struct Frame: Equatable {
        package var opcode: UInt8
        package var isFinal = true
        package var payload: [UInt8]

        package init(opcode: UInt8, isFinal: Bool = true, payload: [UInt8]) {
            self.opcode = opcode
            self.isFinal = isFinal
            self.payload = payload
        }

        package var closeCode: UInt16? {
            opcode == 8 && payload.count >= 2 ? UInt16(payload[0]) << 8 | UInt16(payload[1]) : nil
        }
    }

    /// What keeps a test from having its client, or the answer that it waits for.
    package enum Failure: Error {
        case refused(answer: String)
        case noCloseFrame
    }

    package let raw: RawClient
    package let subprotocol: Subprotocol
    private let headEnd: Int

    private init(raw: RawClient, subprotocol: Subprotocol, headEnd: Int) {
        self.raw = raw
        self.subprotocol = subprotocol
        self.headEnd = headEnd
    }

    /// An upgrade request; `extra` are further header lines, each with its line end.
    package static func handshake(
        protocols: [String], path: String = "/v1/connect", host: String = "localhost", extra: String = ""
    ) -> String {
        let offered = protocols.isEmpty ? "" : "Sec-WebSocket-Protocol: \(protocols.joined(separator: ", "))\r\n"
        return "GET \(path) HTTP/1.1\r\nHost: \(host)\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\(offered)\(extra)\r\n"
    }

    package static func connect(
        port: Int, _ subprotocol: Subprotocol = .json, host: String = "localhost", extra: String = "",
        receiveBuffer: Int? = nil, trusting root: String? = nil
    ) async throws -> WebSocketClient {
        let raw = try await RawClient.connect(port: port, receiveBuffer: receiveBuffer, trusting: root)
        try await raw.send(handshake(protocols: [subprotocol.rawValue], host: host, extra: extra))
        _ = try await poll { raw.text.contains("\r\n\r\n") || raw.isClosed }
        let text = raw.text
        // The accept key is what RFC 6455 §1.3 gives for the sample nonce.
        guard text.hasPrefix("HTTP/1.1 101"), text.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
            text.lowercased().contains("sec-websocket-protocol: \(subprotocol.rawValue)"),
            let headEnd = Self.headEnd(of: raw.received)
        else { throw Failure.refused(answer: text) }
        return WebSocketClient(raw: raw, subprotocol: subprotocol, headEnd: headEnd)
    }

    private static func headEnd(of bytes: [UInt8]) -> Int? {
        let end = Array("\r\n\r\n".utf8)
        return bytes.indices.dropLast(3).first { Array(bytes[$0..<$0 + 4]) == end }.map { $0 + 4 }
    }

    /// False if the condition does not hold within ten seconds.
    private static func poll(_ condition: () -> Bool) async throws -> Bool {
        let deadline = ContinuousClock.now + .seconds(10)
        while !condition() {
            guard ContinuousClock.now < deadline else { return false }
            try await Task.sleep(for: .milliseconds(3))
        }
        return true
    }

    // MARK: - Sending

    package static func bytes(
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

    package func bytes(of frames: [WireClientFrame]) throws -> [UInt8] {
        let codec = FrameCodec(subprotocol)
        return try frames.flatMap { frame in
            Self.bytes(opcode: subprotocol == .json ? 1 : 2, try codec.encode(frame))
        }
    }

    package func send(_ frames: WireClientFrame...) async throws {
        try await raw.send(try bytes(of: frames))
    }

    package func send(
        opcode: UInt8, _ payload: [UInt8], isFinal: Bool = true, isMasked: Bool = true, reserved: UInt8 = 0
    ) async throws {
        try await raw.send(
            Self.bytes(opcode: opcode, payload, isFinal: isFinal, isMasked: isMasked, reserved: reserved))
    }

    // MARK: - Receiving

    /// All whole frames received so far.
    package var frames: [Frame] {
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
    package func messages() throws -> [WireServerFrame] {
        let codec = FrameCodec(subprotocol)
        let opcode: UInt8 = subprotocol == .json ? 1 : 2
        return try frames.filter { $0.opcode == opcode }.map {
            try codec.decode(WireServerFrame.self, from: $0.payload)
        }
    }

    package var closeCode: UInt16? { frames.compactMap(\.closeCode).first }

    package func count(opcode: UInt8) -> Int { frames.count { $0.opcode == opcode } }

    /// Waits for the close frame and answers it, as a client must.
    package func closed() async throws -> UInt16 {
        _ = try await Self.poll { closeCode != nil || raw.isClosed }
        guard let code = closeCode else { throw Failure.noCloseFrame }
        try? await send(opcode: 8, [UInt8(code >> 8), UInt8(code & 0xff)])
        return code
    }
}
