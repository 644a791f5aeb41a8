import Coordination
import Foundation
public import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
public import ServiceLifecycle
import SwitchboardCore
import SwitchboardProtocol
import SwitchboardTransport

/// One node: puts the core and its drivers together, in the order in which they can work, and takes them apart in reverse.
///
/// This is the only place that knows which technology stands behind a port.
public struct SwitchboardNode: Service, CustomStringConvertible {
    public static let version = "0.1.0"

    private let settings: NodeSettings
    private let logger: Logger
    private let announce: @Sendable (String) -> Void

    /// - Parameter announce: gets a line for people once the node serves.
    public init(_ settings: NodeSettings, logger: Logger, announce: @escaping @Sendable (String) -> Void = { _ in }) {
        self.settings = settings
        self.logger = logger
        self.announce = announce
    }

    /// Its name; libraries print it.
    public var description: String { "node \(settings.name)" }

    /// Serves until the surrounding task is asked to end in order (SIGTERM, SIGINT): then it drains.
    ///
    /// - Throws: `NodeError`, `TransportError` or `SettingsError` if it can't start.
    public func run() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: max(1, min(System.coreCount, 8)))
        do {
            try await serve(on: group)
            try await group.shutdownGracefully()
        } catch {
            try? await group.shutdownGracefully()
            throw error
        }
    }

    private func serve(on group: MultiThreadedEventLoopGroup) async throws {
        let incarnation = makeIncarnation()
        var logger = logger
        logger[metadataKey: "node"] = "\(incarnation)"
        let relay = EventRelay()
        let verifier = try await TokenVerifier(settings.tokens, permissionClaim: permissionClaim)
        let demo = DemoGate(mode: settings.demo)
        let store = try await StoreHandle.open(settings.store, incarnation: incarnation, logger: logger) {
            relay.post(.store($0))
        }
        let push = try PushParts(
            settings.push, outbox: store.pushes, node: incarnation, group: group, verifier: verifier, demo: demo,
            logger: logger
        ) { relay.post(.pushAnswered($0, $1, taken: $2)) }
        let front = WebSocketFront(
            configuration: frontConfiguration(), group: group, responder: responder(demo, verifier, push),
            logger: logger)
        let peers = makePeers(incarnation, on: group, logger: logger)
        let peerAddress = try await peers?.start { relay.post(.peer($0)) }
        let readiness = Readiness()
        let departure = Departure()
        let coordinator = try await CoordinatorHandle.open(
            settings.cluster, incarnation: incarnation, member: member(peerAddress), logger: logger
        ) { event in
            if case .availability(let isAvailable) = event { readiness.coordinator(isAvailable: isAvailable) }
            relay.post(.coordinator(event))
        }
        let counters = NodeCounters()
        let policy = CallPolicyHandle.open(settings.callPolicy, group: group, counters: counters, logger: logger)
        let performer = ActionPerformer(
            front: front, peers: peers, store: store.store, coordinator: coordinator.coordinator,
            policy: policy.policy, pushesCommitted: { push.pushesCommitted() }, answer: { relay.post($0) },
            logger: logger)
        let gateBox = NIOLockedValueBox<ConnectionGate?>(nil)
        let core = CoreThread(NodeCore(coreConfiguration(incarnation, writers: store.writers))) { actions in
            counters.count(actions)
            performer.perform(actions)
            gateBox.withLockedValue { $0 }?.coreHasRoom()
        }
        let gate = ConnectionGate(
            verifier: verifier, demo: demo, core: core, logger: logger,
            close: { front.close($0, code: $1, after: $2) }, setReading: { front.setReading($0, $1) })
        gateBox.withLockedValue { $0 = gate }
        core.start()
        relay.connect(to: core)
        let internalServer = InternalHTTPServer(
            host: settings.internal.host, port: settings.internal.port, group: group,
            responder: InternalRoutes(
                core: core, counters: counters, readiness: readiness, storeProblems: store.problems,
                connections: { front.connectionCount }, settings: settings, incarnation: incarnation,
                departure: departure, push: push
            ).router(), logger: logger)
        let parts = Parts(
            front: front, gate: gate, core: core, push: push, peers: peers, store: store, coordinator: coordinator,
            policy: policy, internalServer: internalServer)
        do {
            _ = try await internalServer.start()
            let address = try await front.start(sink: gate)
            readiness.serving(true)
            sayHello(address, logger)
        } catch {
            await takeApart(parts)
            throw error
        }
        await withTaskGroup(of: Void.self) { tasks in
            tasks.addTask { await gate.run() }
            tasks.addTask { await push.run() }
            await askedToLeave(departure)
            await drain(parts, logger)
            await takeApart(parts)
        }
    }

    /// How long others may take to lead what this node led, after its clients have gone.
    private static let handoverTime: Duration = .seconds(20)

    private struct Parts {
        var front: WebSocketFront
        var gate: ConnectionGate
        var core: CoreThread
        var push: PushParts
        var peers: PeerLinkService?
        var store: StoreHandle
        var coordinator: CoordinatorHandle
        var policy: CallPolicyHandle
        var internalServer: InternalHTTPServer
    }

    // MARK: Leaving

    /// SIGTERM, SIGINT, or an operator's wish.
    private func askedToLeave(_ departure: Departure) async {
        await withTaskGroup(of: Void.self) { ways in
            ways.addTask { try? await gracefulShutdown() }
            ways.addTask { await departure.requested() }
            await ways.next()
            ways.cancelAll()
        }
    }

    /// Says that it leaves, sends clients elsewhere over the configured time, and waits until they have gone and others lead
    /// what it led.
    private func drain(_ parts: Parts, _ logger: Logger) async {
        logger.info("draining", metadata: ["spread": "\(settings.drainSpread)"])
        parts.core.post([.drainRequested(spread: settings.drainSpread)])
        let deadline = ContinuousClock.now + settings.drainSpread + Self.handoverTime
        while ContinuousClock.now < deadline {
            // The core's own figures tell when everybody has gone; looked at ten times a second.
            guard let figures = await parts.core.ask({ $0.figures }) else { return }
            let isLeft = figures.liveLeaderships == 0 || figures.successors == 0
            guard figures.sessions > 0 || !isLeft else { return logger.info("drained") }
            try? await Task.sleep(for: .milliseconds(100))
        }
        logger.warning("not all has left in time; what is left is taken over when this node is gone")
    }

    private func takeApart(_ parts: Parts) async {
        await parts.front.shutdown(grace: .seconds(1))
        parts.gate.finish()
        await parts.push.shutdown()
        await parts.peers?.shutdown()
        await parts.coordinator.close()
        parts.core.stop()
        await parts.policy.close()
        await parts.store.close()
        await parts.internalServer.shutdown()
    }

    // MARK: Parts

    private func makeIncarnation() -> Incarnation {
        let random = UInt64.random(in: .min ... .max)
        return Incarnation(trusted: "\(settings.name.prefix(64)).\(String(random, radix: 36))")
    }

    private func frontConfiguration() -> WebSocketFrontConfiguration {
        var configuration = WebSocketFrontConfiguration(
            host: settings.listen.host, port: settings.listen.port,
            tls: settings.tls.map { TLSFiles(certificateChain: $0.certificateFile, privateKey: $0.keyFile) })
        configuration.limits.maxConnections = settings.maxConnections
        return configuration
    }

    private func responder(_ demo: DemoGate, _ verifier: TokenVerifier, _ push: PushParts) -> HTTPRouter {
        var router = HTTPRouter()
        push.routes.install(in: &router)
        DemoRoutes(gate: demo, verifier: verifier).install(in: &router)
        if demo.mode != .off, let root = settings.webRoot {
            router.fallback = StaticFiles(
                root: URL(fileURLWithPath: root), mounts: ["/": "demo", "/sdk/": "sdk"])
        }
        return router
    }

    private func makePeers(_ incarnation: Incarnation, on group: MultiThreadedEventLoopGroup, logger: Logger)
        -> PeerLinkService?
    {
        guard let cluster = settings.cluster else { return nil }
        let security: PeerSecurity =
            switch cluster.secret {
            case .secret(let secret): .secret(secret.bytes)
            case .mutualTLS(let certificate, let key, let roots):
                .mutualTLS(PeerTLSFiles(certificateChain: certificate, privateKey: key, trustRoots: roots))
            case .insecure: .insecure
            }
        if case .insecure = security {
            logger.warning("links between nodes are insecure: whoever reaches the peer port is believed")
        }
        return PeerLinkService(
            configuration: PeerLinkConfiguration(
                incarnation: incarnation, cluster: cluster.id, host: cluster.peerHost, port: cluster.peerPort,
                security: security, software: Self.version, featureLevel: settings.knownFeatureLevel),
            eventLoop: group.next(), logger: logger)
    }

    private func member(_ peerAddress: BoundAddress?) -> NodeMember {
        let advertised = settings.cluster?.advertised
        return NodeMember(
            address: PeerAddress(
                host: advertised?.host ?? peerAddress?.host ?? "127.0.0.1",
                port: advertised?.port ?? peerAddress?.port ?? 0),
            datacenter: settings.datacenter, featureLevel: settings.knownFeatureLevel, software: Self.version)
    }

    private func coreConfiguration(_ incarnation: Incarnation, writers: Int) -> NodeConfiguration {
        var configuration = NodeConfiguration(incarnation: incarnation, name: settings.name)
        configuration.iceServerSource = TurnCredentialSource(
            settings.iceServers, lifetime: settings.turnCredentialLifetime)
        configuration.writerLanes = writers
        configuration.leadership.knownFeatureLevel = settings.knownFeatureLevel
        configuration.maximumConnections = settings.maxConnections
        let deadlines = settings.deadlines
        configuration.leadership.call.ringTimeout = deadlines.ring
        configuration.leadership.call.connectTimeout = deadlines.connect
        configuration.leadership.call.reachTimeout = deadlines.reach
        configuration.leadership.call.callerLostTimeout = deadlines.callerLost
        configuration.leadership.call.signalLostTimeout = deadlines.signalLost
        configuration.leadership.call.handoverTimeout = deadlines.handover
        return configuration
    }

    private var permissionClaim: String? {
        if case .claim(let name, _) = settings.callPolicy { name } else { nil }
    }

    private func sayHello(_ address: BoundAddress, _ logger: Logger) {
        let scheme = settings.tls == nil ? "http" : "https"
        switch settings.demo {
        case .off: break
        case .byDefault, .asked:
            logger.warning("demo mode: whoever can open localhost on this machine may call in anybody's name")
        }
        logger.info("serving", metadata: ["address": "\(address)"])
        announce("Switchboard serves at \(scheme)://\(address)")
    }
}

/// Events that come before the core's thread exists are kept until it does.
private final class EventRelay: Sendable {
    private struct State {
        var core: CoreThread?
        var early: [NodeEvent] = []
    }

    private let state = NIOLockedValueBox(State())

    func post(_ event: NodeEvent) {
        let core = state.withLockedValue { state -> CoreThread? in
            if state.core == nil { state.early.append(event) }
            return state.core
        }
        core?.post([event])
    }

    func connect(to core: CoreThread) {
        state.withLockedValue { state in
            // Under the lock: nothing overtakes what came early.
            core.post(state.early)
            state.early = []
            state.core = core
        }
    }
}
