import NIOCore
import NIOWebSocket
import SwitchboardProtocol

/// The last handler of a client's pipeline: tells its owner what a WebSocket does, answers pings, and closes in order.
///
/// Lives on one event loop, as its channel and its owner do.
final class WebSocketHandler: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame
    typealias OutboundOut = WebSocketFrame

    /// What a socket tells its owner; on the event loop.
    protocol Owner: AnyObject {
        func socketDidRead(_ bytes: ByteBuffer, _ handler: WebSocketHandler)
        func socketDidReadUnexpectedFrame(_ handler: WebSocketHandler)
        func socketDidReadPing(_ handler: WebSocketHandler)
        func socketDidCompleteRead(_ handler: WebSocketHandler)
        /// Once, unless the owner closed the socket itself.
        func socketDidClose(code: UInt16?, _ handler: WebSocketHandler)
    }

    private enum State {
        case open
        /// We said goodbye first; what still comes is not for us.
        case closing
        case closed
    }

    /// How long a peer may take to answer a closing handshake.
    private static let closeTimeout: TimeAmount = .seconds(1)

    private weak var owner: (any Owner)?
    private let opcode: WebSocketOpcode
    private var state: State = .open
    private var context: ChannelHandlerContext?
    private var closeDeadline: Scheduled<Void>?

    init(owner: any Owner, subprotocol: Subprotocol) {
        self.owner = owner
        opcode = subprotocol == .json ? .text : .binary
    }

    // MARK: - For the owner

    /// Writes one message; `flush()` sends what was written.
    func write(_ bytes: [UInt8]) {
        guard state == .open, let context else { return }
        write(opcode, context.channel.allocator.buffer(bytes: bytes), context)
    }

    func flush() {
        context?.flush()
    }

    /// Begins the closing handshake (RFC 6455 §7.1.2) and ends the connection when it is done, or after a moment.
    func close(code: UInt16) {
        guard state == .open, let context else { return }
        state = .closing
        owner = nil
        writeClose(code: code, context)
        let channel = context.channel
        closeDeadline = context.eventLoop.scheduleTask(in: Self.closeTimeout) { channel.close(promise: nil) }
    }

    func setReading(_ isReading: Bool) {
        guard let channel = context?.channel else { return }
        channel.setOption(.autoRead, value: isReading).whenSuccess { if isReading { channel.read() } }
    }

    // MARK: - ChannelInboundHandler

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = Self.unwrapInboundIn(data)
        switch (frame.opcode, state) {
        case (.connectionClose, .open):
            var payload = frame.unmaskedData
            let code: UInt16? = payload.readInteger()
            // First the owner: the answer may find the socket dead, which would be told as a close without a word.
            closed(code: code)
            writeClose(code: code ?? 1000, context)
            context.close(promise: nil)
        case (.connectionClose, .closing):
            context.close(promise: nil)
        case (.ping, .open):
            write(.pong, frame.unmaskedData, context)
            owner?.socketDidReadPing(self)
        case (opcode, .open):
            owner?.socketDidRead(frame.unmaskedData, self)
        case (.text, .open), (.binary, .open):
            owner?.socketDidReadUnexpectedFrame(self)
        default:
            break
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        owner?.socketDidCompleteRead(self)
        context.flush()
    }

    func channelInactive(context: ChannelHandlerContext) {
        closeDeadline?.cancel()
        closed(code: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    // MARK: - Steps

    private func closed(code: UInt16?) {
        let wasOpen = state == .open
        state = .closed
        if wasOpen { owner?.socketDidClose(code: code, self) }
        owner = nil
    }

    private func writeClose(code: UInt16, _ context: ChannelHandlerContext) {
        var payload = context.channel.allocator.buffer(capacity: 2)
        payload.writeInteger(code)
        write(.connectionClose, payload, context)
        context.flush()
    }

    private func write(_ opcode: WebSocketOpcode, _ data: ByteBuffer, _ context: ChannelHandlerContext) {
        // Clients mask (RFC 6455 §5.3).
        let frame = WebSocketFrame(fin: true, opcode: opcode, maskKey: .random(), data: data)
        context.write(Self.wrapOutboundOut(frame), promise: nil)
    }
}
