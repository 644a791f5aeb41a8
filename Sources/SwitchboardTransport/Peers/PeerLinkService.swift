public import Logging
import NIOConcurrencyHelpers
public import NIOCore
import NIOSSL
public import SwitchboardCore
public import SwitchboardProtocol

/// Links this node with the others over TCP: one link per pair, length-delimited frames, keepalive, reconnect.
///
/// All links live on one event loop. Events come on it, in order for each peer; whoever takes them must not block. `up` and `down`
/// of a peer alternate. A peer that was never named by `setPeers` may link too, if it proves that it belongs to the cluster: it
/// knows of us before we know of it. After `up`, whatever was sent on earlier links may be lost.
public final class PeerLinkService: PeerLinks {
    private struct Running {
        var listener: ServerListener
        var manager: NIOLoopBoundBox<PeerLinkManager>
    }

    private enum State {
        case new
        case running(Running)
        case ended
    }

    private let configuration: PeerLinkConfiguration
    private let eventLoop: any EventLoop
    private let logger: Logger
    private let state = NIOLockedValueBox(State.new)
    /// Frames handed over and not taken by the event loop yet, so that all of one turn leave together.
    private let outgoing = NIOLockedValueBox<[Incarnation: [PeerPeerFrame]]>([:])

    /// - Parameter eventLoop: carries all links; the caller shuts its group down after the service.
    public init(configuration: PeerLinkConfiguration, eventLoop: any EventLoop, logger: Logger) {
        self.configuration = configuration
        self.eventLoop = eventLoop
        self.logger = logger
    }

    /// Starts to accept links. Nothing is dialled before `setPeers`.
    ///
    /// - Throws: `TransportError`.
    public func start(
        events: @escaping @Sendable (PeerLinkEvent) -> Void
    ) async throws(TransportError) -> BoundAddress {
        var serverTLS: NIOSSLContext?
        var clientTLS: NIOSSLContext?
        if case .mutualTLS(let files) = configuration.security { (serverTLS, clientTLS) = try files.contexts() }
        let limits = configuration.limits
        let manager = NIOLoopBoundBox.makeBoxSendingValue(
            PeerLinkManager(
                configuration: configuration, eventLoop: eventLoop, clientTLS: clientTLS, logger: logger, events: events
            ),
            eventLoop: eventLoop)
        let listener = ServerListener(
            options: .init(
                host: configuration.host, port: configuration.port, backlog: 256, maxSockets: limits.maxSockets,
                tls: serverTLS, writeBuffer: (limits.maxUnsentBytes / 2, limits.maxUnsentBytes)))
        let running = Running(listener: listener, manager: manager)
        let isFirst = state.withLockedValue { state in
            guard case .new = state else { return false }
            state = .running(running)
            return true
        }
        guard isFirst else { throw .alreadyStarted }
        return try await listener.start(on: eventLoop) { channel in
            try manager.value.addConnection(to: channel, dial: nil)
        }
    }

    public func setPeers(_ peers: [Incarnation: PeerAddress]) {
        on { $0.setPeers(peers) }
    }

    public func send(_ frames: [PeerPeerFrame], to peer: Incarnation) {
        guard !frames.isEmpty, running != nil else { return }
        let isFirst = outgoing.withLockedValue { outgoing in
            let isFirst = outgoing.isEmpty
            outgoing[peer, default: []].append(contentsOf: frames)
            return isFirst
        }
        guard isFirst else { return }
        on { [outgoing] manager in
            let batch = outgoing.withLockedValue { outgoing in
                defer { outgoing = [:] }
                return outgoing
            }
            for (peer, frames) in batch { manager.send(frames, to: peer) }
        }
    }

    public func probe(_ peer: Incarnation) {
        on { $0.probe(peer) }
    }

    /// Closes all links; no events follow.
    public func shutdown() async {
        guard let running else { return }
        state.withLockedValue { $0 = .ended }
        await running.listener.stopAccepting()
        try? await eventLoop.submit { running.manager.value.shutdown() }.get()
        await running.listener.closeAccepted()
    }

    private var running: Running? {
        state.withLockedValue { state in
            guard case .running(let running) = state else { return nil }
            return running
        }
    }

    private func on(_ body: @escaping @Sendable (PeerLinkManager) -> Void) {
        guard let manager = running?.manager else { return }
        manager.eventLoop.execute { body(manager.value) }
    }
}
