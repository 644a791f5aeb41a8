import NIOCore
import SwiftProtobuf
import SwitchboardProtocol

/// Cuts the byte stream of a peer link into frames: four bytes of length in network order, then a `PeerFrame`.
struct PeerFrameDecoder: ByteToMessageDecoder {
    typealias InboundOut = PeerPeerFrame

    enum Failure: Error {
        case frameTooLarge(Int)
        case malformed
    }

    private static let prefixLength = 4
    let maxFrameBytes: Int

    mutating func decode(context: ChannelHandlerContext, buffer: inout ByteBuffer) throws -> DecodingState {
        guard let length = buffer.getInteger(at: buffer.readerIndex, as: UInt32.self) else { return .needMoreData }
        guard length <= maxFrameBytes else { throw Failure.frameTooLarge(Int(length)) }
        guard buffer.readableBytes >= Self.prefixLength + Int(length) else { return .needMoreData }
        buffer.moveReaderIndex(forwardBy: Self.prefixLength)
        guard let bytes = buffer.readBytes(length: Int(length)), let frame = try? PeerPeerFrame(serializedBytes: bytes)
        else { throw Failure.malformed }
        context.fireChannelRead(Self.wrapInboundOut(frame))
        return .continue
    }

    mutating func decodeLast(
        context: ChannelHandlerContext, buffer: inout ByteBuffer, seenEOF: Bool
    ) throws -> DecodingState {
        // Half a frame at the end of the stream is lost with the link; what is whole was decoded before.
        .needMoreData
    }
}
