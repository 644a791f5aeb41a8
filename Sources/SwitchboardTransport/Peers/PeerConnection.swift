import Logging
import NIOCore
import SwiftProtobuf
import SwitchboardProtocol

/// One TCP connection with another node: handshake, framing of what is sent, keepalive. All on the service's event loop.
final class PeerConnection: ChannelInboundHandler {
    typealias InboundIn = PeerPeerFrame
    typealias OutboundOut = ByteBuffer

    /// How a connection ended.
    enum End {
        /// Closed or reset by the other side, or by its kernel when the process died.
        case endedByPeer(wasReset: Bool)
        /// Nothing heard for too long, or the handshake took too long.
        case timedOut
        /// We refused, or broke off because the other side broke the protocol.
        case refusedByUs(PeerRefusal)
        case refusedByPeer(PeerRefusal?, name: String)
        /// A dial reached another incarnation.
        case otherIncarnation
        /// We did not want it any more.
        case closedByUs
    }

    /// One attempt to reach a node.
    struct Dial {
        var target: Incarnation
        var number: Int
    }

    private enum Phase {
        case handshaking
        case established(Incarnation)
        case closed
    }

    private let manager: PeerLinkManager
    private let limits: PeerLinkLimits
    /// What was dialled; nil if the other side dialled.
    let dial: Dial?
    private var handshake: PeerHandshakeStateMachine
    private var phase = Phase.handshaking
    private var context: ChannelHandlerContext?
    private(set) var established = NIODeadline.uptimeNanoseconds(0)
    private(set) var pulse: LinkPulse
    private var timer: Scheduled<Void>?
    private var handshakeTimer: Scheduled<Void>?
    private var received: [PeerPeerFrame] = []
    private var unsentBytes = 0
    private var isOverflowing = false
    /// Set by the first cause, which is the true one; others follow from it.
    private var end: End?

    var dialler: LinkArbitration.Dialler { dial == nil ? .them : .us }

    init(manager: PeerLinkManager, dial: Dial?) {
        self.manager = manager
        self.dial = dial
        limits = manager.configuration.limits
        handshake = PeerHandshakeStateMachine(manager.configuration, dialling: dial?.target)
        pulse = LinkPulse(interval: limits.keepaliveInterval, silence: limits.silenceTimeout, now: .now())
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        let loop = context.eventLoop.assumeIsolated()
        handshakeTimer = loop.scheduleTask(in: TimeAmount(limits.handshakeTimeout)) { [weak self] in
            self?.close(.timedOut)
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        finish()
        self.context = nil
    }

    func channelActive(context: ChannelHandlerContext) {
        send(control: handshake.connected())
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        finish()
        context.fireChannelInactive()
    }

    // MARK: - Receiving

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = Self.unwrapInboundIn(data)
        switch phase {
        case .handshaking: run(handshake.frameReceived(frame))
        case .established:
            if case .keepalive = frame.frame { return }
            received.append(frame)
        case .closed: break
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        pulse.received(now: .now())
        deliver()
        context.fireChannelReadComplete()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case is PeerFrameDecoder.Failure: close(.refusedByUs(.badHandshake))
        default: close(.endedByPeer(wasReset: error.isConnectionReset))
        }
    }

    private func deliver() {
        guard case .established(let peer) = phase, !received.isEmpty else { return }
        let frames = received
        received.removeAll(keepingCapacity: true)
        manager.framesReceived(frames, from: peer, on: self)
    }

    private func run(_ step: PeerHandshakeStateMachine.Step) {
        switch step {
        case .send(let frames):
            send(control: frames)
        case .admission(let peer):
            if let refusal = manager.admissionRequested(by: peer) {
                run(handshake.refuse(refusal))
            } else {
                run(handshake.admit())
            }
        case .established(let peer, _, let frames):
            send(control: frames)
            start(with: peer)
        case .refuse(let refusal, let frames):
            send(control: frames)
            close(.refusedByUs(refusal))
        case .refused(let refusal, let name):
            close(.refusedByPeer(refusal, name: name))
        case .otherIncarnation:
            close(.otherIncarnation)
        }
    }

    private func start(with peer: Incarnation) {
        guard let context else { return }
        handshakeTimer?.cancel()
        handshakeTimer = nil
        phase = .established(peer)
        established = .now()
        pulse = LinkPulse(interval: limits.keepaliveInterval, silence: limits.silenceTimeout, now: established)
        scheduleTick(context)
        manager.connectionEstablished(self, with: peer)
    }

    private func scheduleTick(_ context: ChannelHandlerContext) {
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(limits.keepaliveInterval / 2)) {
            [weak self] in self?.tick()
        }
    }

    private func tick() {
        switch pulse.tick(now: .now()) {
        case .nothing: break
        case .sendKeepalive:
            var frame = PeerPeerFrame()
            frame.keepalive = .init()
            send(control: [frame])
        case .dead: return close(.timedOut)
        }
        if let context { scheduleTick(context) }
    }

    // MARK: - Sending

    /// One write and one flush for all.
    func send(_ frames: [PeerPeerFrame]) {
        guard case .established(let peer) = phase else { return }
        var buffer = ByteBuffer()
        for frame in frames {
            let length = buffer.readableBytes
            guard append(frame, to: &buffer, peer: peer) else { continue }
            let waiting = unsentBytes + buffer.readableBytes
            if frame.isDroppable, isOverflowing || waiting > limits.maxUnsentBytes {
                buffer.moveWriterIndex(to: buffer.readerIndex + length)
                if !isOverflowing {
                    isOverflowing = true
                    manager.overflowed(peer)
                }
            } else if waiting > limits.maxUnsentBytes + limits.factReserveBytes {
                return close(.timedOut)
            }
        }
        write(buffer)
    }

    private func send(control frames: [PeerPeerFrame]) {
        var buffer = ByteBuffer()
        for frame in frames { _ = append(frame, to: &buffer, peer: dial?.target) }
        write(buffer)
    }

    private func append(_ frame: PeerPeerFrame, to buffer: inout ByteBuffer, peer: Incarnation?) -> Bool {
        guard let bytes: [UInt8] = try? frame.serializedBytes(), bytes.count <= limits.maxFrameBytes else {
            manager.logger.error(
                "a frame for a peer is too large and was not sent", metadata: ["peer": "\(peer?.text ?? "")"])
            return false
        }
        buffer.writeInteger(UInt32(bytes.count))
        buffer.writeBytes(bytes)
        return true
    }

    private func write(_ buffer: ByteBuffer) {
        guard let context, buffer.readableBytes > 0 else { return }
        if case .closed = phase { return }
        let count = buffer.readableBytes
        unsentBytes += count
        pulse.sent(now: .now())
        context.writeAndFlush(Self.wrapOutboundOut(buffer)).assumeIsolated().whenComplete { [weak self] _ in
            self?.sent(count)
        }
    }

    private func sent(_ count: Int) {
        unsentBytes -= count
        if isOverflowing, unsentBytes <= limits.maxUnsentBytes / 2 { isOverflowing = false }
    }

    // MARK: - Ending

    func close(_ end: End) {
        guard self.end == nil else { return }
        self.end = end
        context?.close(promise: nil)
        finish()
    }

    private func finish() {
        if case .closed = phase { return }
        deliver()
        let last = phase
        phase = .closed
        timer?.cancel()
        timer = nil
        handshakeTimer?.cancel()
        handshakeTimer = nil
        let end = end ?? .endedByPeer(wasReset: false)
        self.end = end
        switch last {
        case .established(let peer): manager.linkEnded(self, peer: peer, end)
        case .handshaking: manager.handshakeEnded(self, end)
        case .closed: break
        }
    }
}
