import Logging
import NIOCore
import NIOWebSocket
import SwitchboardProtocol

/// One WebSocket: decodes what the client sends, keeps it within its limits, encodes what it gets.
///
/// Three kinds of wrong input: what breaks RFC 6455 closes with 1002; what breaks a limit or our protocol closes with a named
/// error and its code; what comes after the decision to close is thrown away. All state belongs to the channel's event loop.
final class WebSocketConnectionHandler: ChannelDuplexHandler {
    typealias InboundIn = WebSocketFrame
    typealias OutboundIn = WebSocketFrame
    typealias OutboundOut = WebSocketFrame

    private enum State {
        case open
        /// A close frame was sent and the sink told; what comes is thrown away until the socket closes.
        case closing
        case closed
    }

    private let connections: LoopConnections
    private let info: ConnectionInfo
    private let codec: FrameCodec
    private let limits: WebSocketLimits
    private var id = ConnectionID(0)
    private var context: ChannelHandlerContext?
    private var state = State.open
    private var assembler: MessageAssembler
    private var bucket: TokenBucket
    private var pings: PingSchedule
    private var pingInterval: Duration
    private var isHelloDue = true
    private var needsFlush = false
    /// Frames decoded in this turn of reading.
    private var received: [WireClientFrame] = []
    /// WebSocket frames of this turn, control frames included.
    private var framesInTurn = 0

    private var helloTimer: Scheduled<Void>?
    private var pingTimer: Scheduled<Void>?
    private var refillTimer: Scheduled<Void>?
    private var closeTimer: Scheduled<Void>?

    /// Why nothing is read from the socket at the moment.
    private var isPausedByOwner = false
    private var isPausedByRate: Bool { refillTimer != nil }
    private var isReading: Bool { state != .open || !(isPausedByOwner || isPausedByRate) }
    /// The channel asked to read while it was paused.
    private var isReadPending = false

    init(connections: LoopConnections, info: ConnectionInfo) {
        self.connections = connections
        self.info = info
        let limits = connections.limits
        self.limits = limits
        codec = FrameCodec(info.subprotocol)
        assembler = MessageAssembler(maxBytes: limits.maxMessageBytes, maxFragments: limits.maxFragments)
        bucket = TokenBucket(perSecond: limits.messagesPerSecond, burst: limits.messageBurst, now: .now())
        pings = PingSchedule(maxMissed: limits.maxMissedPings)
        pingInterval = limits.pingInterval
    }

    // MARK: - Life

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        id = connections.opened(self)
        connections.sink.connectionOpened(id, info)
        helloTimer = schedule(in: limits.helloTimeout) { $0.helloTimedOut() }
        schedulePing()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        ended(.lost)
        self.context = nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        ended(.lost)
        context.fireChannelInactive()
    }

    /// Nothing more is received or sent: tells the sink, once, after the frames that came before.
    private func stop(_ reason: ConnectionCloseReason) {
        guard state == .open else { return }
        deliver()
        state = .closing
        for timer in [helloTimer, pingTimer, refillTimer] { timer?.cancel() }
        (helloTimer, pingTimer, refillTimer) = (nil, nil, nil)
        connections.closed(id)
        connections.sink.connectionClosed(id, reason)
    }

    private func ended(_ reason: ConnectionCloseReason) {
        stop(reason)
        state = .closed
        closeTimer?.cancel()
        closeTimer = nil
    }

    // MARK: - What the client sends

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = Self.unwrapInboundIn(data)
        guard state == .open else {
            if frame.opcode == .connectionClose { context.close(promise: nil) }
            return
        }
        framesInTurn += 1
        pings.signOfLifeReceived()
        // RFC 6455 §5.1: a client masks every frame. §5.2: no extension was negotiated, so no reserved bit may be set.
        guard frame.maskKey != nil, !frame.rsv1, !frame.rsv2, !frame.rsv3 else { return violated() }
        switch frame.opcode {
        case .text: messageFrameReceived(frame, kind: .text)
        case .binary: messageFrameReceived(frame, kind: .binary)
        case .continuation: messageFrameReceived(frame, kind: nil)
        case .ping: writeFrame(.pong, frame.unmaskedData)
        case .pong: break
        case .connectionClose: closeReceived(frame.unmaskedData)
        default: violated()
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if state == .open {
            deliver()
            limitRate()
        }
        flush()
        context.fireChannelReadComplete()
    }

    private func messageFrameReceived(_ frame: WebSocketFrame, kind: MessageAssembler.Kind?) {
        let message: (kind: MessageAssembler.Kind, bytes: [UInt8])?
        do throws(MessageAssembler.Failure) {
            message = try assembler.frameReceived(kind: kind, isFinal: frame.fin, payload: frame.unmaskedData)
        } catch {
            switch error {
            case .messageTooLarge, .tooManyFragments: close(code: .messageTooBig, error: .messageTooLarge)
            case .outOfOrder: violated()
            }
            return
        }
        guard let message else { return }
        guard message.kind == (info.subprotocol == .json ? .text : .binary) else {
            return close(code: .badFrame, error: .badFrame)
        }
        do {
            received.append(try codec.decode(WireClientFrame.self, from: message.bytes))
        } catch {
            return close(code: .badFrame, error: .badFrame)
        }
        if isHelloDue {
            isHelloDue = false
            helloTimer?.cancel()
            helloTimer = nil
        }
    }

    private func deliver() {
        guard !received.isEmpty else { return }
        let frames = received
        received.removeAll(keepingCapacity: false)
        connections.sink.framesReceived(id, frames)
    }

    private func closeReceived(_ payload: ByteBuffer) {
        let code = payload.getInteger(at: payload.readerIndex, as: UInt16.self)
        stop(.byClient(code: code))
        // RFC 6455 §5.5.1: the answer repeats the code. Then the server closes the socket first (§7.1.1).
        var answer = ByteBuffer()
        if let code { answer.writeInteger(code) }
        writeFrame(.connectionClose, answer)
        flush()
        context?.close(promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case NIOWebSocketError.invalidFrameLength where state == .open:
            close(code: .messageTooBig, error: .messageTooLarge)
        case is NIOWebSocketError where state == .open:
            violated()
        case is NIOWebSocketError, is ByteToMessageDecoderError:
            break  // The decoder's complaints about bytes that come after its first error.
        default:
            context.close(promise: nil)
        }
    }

    // MARK: - Reading and its limits

    func read(context: ChannelHandlerContext) {
        if isReading {
            context.read()
        } else {
            isReadPending = true
        }
    }

    /// With `false` the client's frames wait in the socket until `true`.
    func setReading(_ reading: Bool) {
        isPausedByOwner = !reading
        resumeReading()
    }

    private func limitRate() {
        let now = NIODeadline.now()
        bucket.take(framesInTurn, now: now)
        framesInTurn = 0
        guard refillTimer == nil, let delay = bucket.delay(now: now) else { return }
        refillTimer = schedule(in: Duration(delay)) { connection in
            connection.refillTimer = nil
            connection.resumeReading()
        }
    }

    private func resumeReading() {
        guard isReading, isReadPending else { return }
        isReadPending = false
        context?.read()
    }

    // MARK: - Sending

    /// Encodes and writes; nothing leaves before `flush`.
    func write(_ frames: [WireServerFrame]) {
        guard state == .open else { return }
        for frame in frames where !writeMessage(frame) {
            return close(code: .internalError, error: .serverError)
        }
    }

    func flush() {
        guard needsFlush, let context else { return }
        needsFlush = false
        context.flush()
        // The channel's water mark is the bound, and a flush has just put into the kernel what it takes.
        if state == .open, !context.channel.isWritable {
            close(code: .slowConsumer, error: .slowConsumer)
        }
    }

    /// False if the frame cannot be encoded, which is a bug of ours.
    private func writeMessage(_ frame: WireServerFrame) -> Bool {
        do {
            let bytes = try codec.encode(frame)
            writeFrame(info.subprotocol == .json ? .text : .binary, ByteBuffer(bytes: bytes))
            return true
        } catch {
            connections.logger.error("a server frame cannot be encoded", metadata: ["connection": "\(id)"])
            return false
        }
    }

    private func writeFrame(_ opcode: WebSocketOpcode, _ payload: ByteBuffer) {
        guard let context, state != .closed else { return }
        context.write(Self.wrapOutboundOut(WebSocketFrame(fin: true, opcode: opcode, data: payload)), promise: nil)
        needsFlush = true
    }

    // MARK: - Timers

    private func helloTimedOut() {
        guard isHelloDue else { return }
        close(code: .helloTimeout, error: .helloTimeout)
    }

    func setPingInterval(fast: Bool) {
        let interval = fast ? limits.fastPingInterval : limits.pingInterval
        guard state == .open, interval != pingInterval else { return }
        pingInterval = interval
        schedulePing()
    }

    private func schedulePing() {
        pingTimer?.cancel()
        pingTimer = schedule(in: pingInterval) { $0.pingIntervalElapsed() }
    }

    private func pingIntervalElapsed() {
        switch pings.intervalElapsed(isReading: isReading) {
        case .ping:
            writeFrame(.ping, ByteBuffer())
            flush()
            if state == .open { schedulePing() }
        case .close:
            close(code: .pingTimeout, error: nil)
        }
    }

    private func schedule(
        in time: Duration, _ task: @escaping (WebSocketConnectionHandler) -> Void
    ) -> Scheduled<Void> {
        connections.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(time)) { [weak self] in
            if let self { task(self) }
        }
    }

    // MARK: - Closing

    /// Sends `error`, then a close frame, and waits a bounded time for the client's.
    func close(code: CloseCode, error: ErrorName?) {
        guard state == .open else { return }
        stop(.byServer(code))
        if let error {
            var frame = WireServerFrame()
            frame.error.name = error.rawValue
            frame.error.message = error.advice
            frame.error.permanent = !code.invitesReconnect
            _ = writeMessage(frame)
        }
        sendClose(code: code.rawValue, reason: error?.rawValue ?? "")
    }

    private func violated() {
        guard state == .open else { return }
        stop(.protocolViolation)
        sendClose(code: 1002, reason: "")
    }

    private func sendClose(code: UInt16, reason: String) {
        var payload = ByteBuffer()
        payload.writeInteger(code)
        payload.writeString(reason)
        writeFrame(.connectionClose, payload)
        flush()
        closeTimer = schedule(in: limits.closeTimeout) { $0.context?.close(promise: nil) }
        // Closing a socket with unread bytes resets it, and the client would not see the close frame: read on, throw away.
        resumeReading()
    }
}
