public import Logging
import NIOConcurrencyHelpers
public import NIOCore
import NIOHTTP1

/// A small HTTP server on an address of its own, for what clients must not reach: health, metrics, looking into a conversation.
///
/// It has no authentication; bind it to an address that only operators and probes reach.
public final class InternalHTTPServer: Sendable {
    private let host: String
    private let port: Int
    private let group: any EventLoopGroup
    private let responder: any HTTPResponder
    private let limits: HTTPLimits
    private let maxSockets: Int
    private let logger: Logger
    private let listener = NIOLockedValueBox<ServerListener?>(nil)

    /// - Parameters:
    ///   - port: 0 lets the system choose.
    ///   - maxSockets: accepted at a time; one more is closed at once.
    public init(
        host: String, port: Int, group: any EventLoopGroup, responder: any HTTPResponder,
        limits: HTTPLimits = HTTPLimits(), maxSockets: Int = 256, logger: Logger
    ) {
        self.host = host
        self.port = port
        self.group = group
        self.responder = responder
        self.limits = limits
        self.maxSockets = maxSockets
        self.logger = logger
    }

    /// - Throws: `TransportError`.
    public func start() async throws(TransportError) -> BoundAddress {
        let new = ServerListener(
            options: .init(
                host: host, port: port, backlog: 64, maxSockets: maxSockets, tls: nil,
                writeBuffer: (1024 * 1024, 1024 * 1024)))
        let isFirst = listener.withLockedValue { listener in
            guard listener == nil else { return false }
            listener = new
            return true
        }
        guard isFirst else { throw .alreadyStarted }
        let (responder, limits) = (responder, limits)
        let address = try await new.start(on: group) { channel in
            try channel.pipeline.syncOperations.configureHTTPServerPipeline(
                withEncoderConfiguration: .init(), withDecoderLimitConfiguration: limits.decoderLimits)
            try channel.pipeline.syncOperations.addHandler(HTTPRequestHandler(responder: responder, limits: limits))
        }
        logger.info("internal HTTP", metadata: ["address": "\(address)"])
        return address
    }

    /// Stops at once; requests under way are cut off.
    public func shutdown() async {
        guard let listener = listener.withLockedValue({ $0 }) else { return }
        await listener.stopAccepting()
        await listener.closeAccepted()
    }
}
