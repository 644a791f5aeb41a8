import NIOConcurrencyHelpers
import NIOCore

/// One direction of a connection through the proxy: what its channel reads, the other channel writes a while later.
///
/// Lives on the event loop that both channels share.
final class DelayedPipe: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private enum Item {
        case bytes(ByteBuffer)
        /// The near end has closed.
        case end
    }

    private let far: any Channel
    private let delay: NIOLockedValueBox<TimeAmount>
    private var line: DelayLine<Item>
    private var isReading = true
    private var scheduled: Scheduled<Void>?

    init(to far: any Channel, delay: NIOLockedValueBox<TimeAmount>, capacity: Int) {
        self.far = far
        self.delay = delay
        line = DelayLine(capacity: capacity)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = Self.unwrapInboundIn(data)
        line.append(.bytes(bytes), cost: bytes.readableBytes, due: due)
        if line.isFull, isReading {
            isReading = false
            context.channel.setOption(.autoRead, value: false).whenFailure { _ in }
        }
        passOn(context.channel)
    }

    func channelInactive(context: ChannelHandlerContext) {
        line.append(.end, cost: 0, due: due)
        passOn(context.channel)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    private var due: UInt64 { (NIODeadline.now() + delay.withLockedValue { $0 }).uptimeNanoseconds }

    /// Writes what is due, and comes back for the rest.
    private func passOn(_ near: any Channel) {
        let loop = far.eventLoop.assumeIsolated()
        var hasWritten = false
        for (item, cost) in line.take(at: NIODeadline.now().uptimeNanoseconds) {
            switch item {
            case .bytes(let bytes):
                hasWritten = true
                far.write(bytes).assumeIsolated().whenComplete { _ in self.passedOn(cost, near) }
            case .end:
                // Behind what was written before.
                far.writeAndFlush(ByteBuffer()).assumeIsolated().whenComplete { _ in self.far.close(promise: nil) }
            }
        }
        if hasWritten { far.flush() }
        guard scheduled == nil, let next = line.nextDue else { return }
        scheduled = loop.scheduleTask(deadline: .uptimeNanoseconds(next)) {
            self.scheduled = nil
            self.passOn(near)
        }
    }

    private func passedOn(_ cost: Int, _ near: any Channel) {
        line.passedOn(cost)
        guard !isReading, line.hasRoom else { return }
        isReading = true
        near.setOption(.autoRead, value: true).whenFailure { _ in }
    }
}
