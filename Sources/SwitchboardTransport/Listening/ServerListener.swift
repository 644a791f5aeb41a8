import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import NIOSSL

/// A listening TCP socket: binds, bounds the number of accepted sockets, puts TLS in front if configured, and closes what it has
/// accepted when told to.
final class ServerListener: Sendable {
    struct Options: Sendable {
        var host: String
        var port: Int
        var backlog: Int
        /// Accepted sockets at a time; one beyond is closed at once.
        var maxSockets: Int
        var tls: NIOSSLContext?
        /// Bytes waiting to be sent at which a channel is not writable any more (`high`), and writable again (`low`).
        var writeBuffer: (low: Int, high: Int)
    }

    private struct State {
        var server: (any Channel)?
        var accepted: [ObjectIdentifier: any Channel] = [:]
        var isClosed = false
    }

    private let options: Options
    private let state = NIOLockedValueBox(State())

    init(options: Options) {
        self.options = options
    }

    /// The number of sockets accepted and not closed yet.
    var acceptedCount: Int { state.withLockedValue { $0.accepted.count } }

    /// - Parameter configure: sets up the pipeline of an accepted channel; called on the channel's event loop.
    func start(
        on group: any EventLoopGroup, configure: @escaping @Sendable (any Channel) throws -> Void
    ) async throws(TransportError) -> BoundAddress {
        let options = options
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: Int32(clamping: options.backlog))
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(
                .writeBufferWaterMark,
                value: .init(low: max(1, options.writeBuffer.low), high: max(1, options.writeBuffer.high))
            )
            .childChannelOption(
                .recvAllocator, value: AdaptiveRecvByteBufferAllocator(minimum: 512, initial: 2048, maximum: 16 * 1024)
            )
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard self.admit(channel) else { throw SocketLimitReached() }
                    if let tls = options.tls {
                        try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls))
                    }
                    try configure(channel)
                }
            }
        do {
            let server = try await bootstrap.bind(host: options.host, port: options.port).get()
            state.withLockedValue { $0.server = server }
            return BoundAddress(
                host: server.localAddress?.ipAddress ?? options.host, port: server.localAddress?.port ?? options.port)
        } catch {
            throw .cannotListen(host: options.host, port: options.port, reason: "\(error)")
        }
    }

    /// Accepts nobody any more; what is accepted stays.
    func stopAccepting() async {
        let server = state.withLockedValue { state in
            state.isClosed = true
            defer { state.server = nil }
            return state.server
        }
        try? await server?.close()
    }

    /// Closes all accepted sockets at once.
    func closeAccepted() async {
        let channels = state.withLockedValue { Array($0.accepted.values) }
        for channel in channels { channel.close(promise: nil) }
        for channel in channels { try? await channel.closeFuture.get() }
    }

    private func admit(_ channel: any Channel) -> Bool {
        let key = ObjectIdentifier(channel)
        let isAdmitted = state.withLockedValue { state in
            guard !state.isClosed, state.accepted.count < options.maxSockets else { return false }
            state.accepted[key] = channel
            return true
        }
        guard isAdmitted else { return false }
        channel.closeFuture.whenComplete { _ in
            self.state.withLockedValue { $0.accepted[key] = nil }
        }
        return true
    }
}

/// Fails the set-up of one channel, which closes it.
private struct SocketLimitReached: Error {}
