public import Logging
import NIOConcurrencyHelpers
public import NIOCore
import NIOPosix
public import SwitchboardCore
public import SwitchboardProtocol

/// All that sends pushes in a node: providers, their connections, and the dispatcher.
public final class PushService: Sendable {
    private enum Phase {
        case new
        case running
        case ended
    }

    public let dispatcher: PushDispatcher
    private let http: GuardedHTTPClient
    private let resolving: NIOThreadPool
    private let phase = NIOLockedValueBox(Phase.new)
    /// Ends with ``run()``.
    private let running: AsyncStream<Never>
    private let endRunning: AsyncStream<Never>.Continuation

    /// - Parameters:
    ///   - group: carries the connections; ended by its owner after ``shutdown()``.
    ///   - report: see ``PushDispatcher/Report``.
    public init(
        _ configuration: PushConfiguration, outbox: any PushOutbox, node: Incarnation, group: any EventLoopGroup,
        limits: PushDispatcherLimits = PushDispatcherLimits(), logger: Logger,
        report: @escaping PushDispatcher.Report
    ) {
        resolving = NIOThreadPool(numberOfThreads: 2)
        var options = GuardedHTTPClient.Options()
        options.allowsLoopback = configuration.allowsLoopback
        options.additionalRoots = configuration.additionalRoots
        http = GuardedHTTPClient(options, resolver: SystemHostResolver(pool: resolving), group: group)
        dispatcher = PushDispatcher(
            outbox: outbox, providers: configuration.providers(http: http), node: node, limits: limits,
            logger: logger, report: report)
        (running, endRunning) = AsyncStream.makeStream()
    }

    /// Sends pushes until ``shutdown()``, or until it is cancelled. Once.
    public func run() async {
        let mayRun = phase.withLockedValue { phase in
            guard case .new = phase else { return false }
            phase = .running
            return true
        }
        guard mayRun else { return }
        resolving.start()
        await dispatcher.run()
        phase.withLockedValue { $0 = .ended }
        endRunning.finish()
    }

    /// Takes nothing any more, waits for what is under way (see ``PushDispatcherLimits/grace``), and ends all connections.
    public func shutdown() async {
        let wasRunning = phase.withLockedValue { phase in
            if case .running = phase { return true }
            phase = .ended
            return false
        }
        if wasRunning {
            dispatcher.finish()
            for await _ in running {}
        }
        await http.close()
        try? await resolving.shutdownGracefully()
    }
}
