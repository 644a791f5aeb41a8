public import SwiftProtobuf

/// Turns frames into the bytes of one WebSocket message and back.
///
/// Unknown fields and unknown message kinds are ignored in both encodings, so that newer clients can talk to older nodes.
public struct FrameCodec: Sendable {
    public let subprotocol: Subprotocol

    public init(_ subprotocol: Subprotocol) {
        self.subprotocol = subprotocol
    }

    /// - Throws: `FrameCodecError.malformed` for bytes that are not a frame of this subprotocol.
    public func decode<Frame: SwiftProtobuf.Message>(_ type: Frame.Type, from bytes: [UInt8]) throws(FrameCodecError)
        -> Frame
    {
        do {
            switch subprotocol {
            case .json:
                var options = JSONDecodingOptions()
                options.ignoreUnknownFields = true
                options.messageDepthLimit = 16
                return try Frame(jsonUTF8Bytes: bytes, options: options)
            case .protobuf:
                var options = BinaryDecodingOptions()
                options.messageDepthLimit = 16
                return try Frame(serializedBytes: bytes, options: options)
            }
        } catch {
            throw .malformed
        }
    }

    /// - Throws: `FrameCodecError.unencodable` if a value has no JSON form (a double that is not finite is the only one).
    public func encode(_ frame: some SwiftProtobuf.Message) throws(FrameCodecError) -> [UInt8] {
        do {
            switch subprotocol {
            case .json: return try frame.jsonUTF8Bytes()
            case .protobuf: return try frame.serializedBytes()
            }
        } catch {
            throw .unencodable
        }
    }
}

/// What can be wrong with a frame. Neither case carries content: SDP and tokens are never logged.
public enum FrameCodecError: Error, Sendable {
    case malformed
    case unencodable
}
