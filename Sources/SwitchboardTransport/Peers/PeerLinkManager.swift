import Logging
import NIOCore
import NIOPosix
import NIOSSL
import SwitchboardCore
import SwitchboardProtocol

/// Holds one link to every peer: dials, admits, replaces, tells of losses. Every member is used on one event loop.
final class PeerLinkManager {
    /// What is known of one other node.
    private struct Peer {
        /// nil: never named by `setPeers`; it called us.
        var address: PeerAddress?
        var link: PeerConnection?
        /// The dial under way.
        var dial: Dial?
        var retry: Scheduled<Void>?
        var backoff: Backoff
        /// Runs while a loss has not been told yet, for a dial shall show whether the process is gone.
        var lossTimer: Scheduled<Void>?
        /// A `probe` waits for the outcome of the dial.
        var isProbed = false
        /// Dials in a row that were reset during the handshake.
        var resets = 0
        /// The last complaint logged, to say each once.
        var lastComplaint: String?
    }

    private struct Dial {
        var number: Int
        /// nil before there is a socket.
        var connection: PeerConnection?
    }

    private enum DialOutcome {
        /// Nobody listens there, or another incarnation does.
        case processGone
        /// Reset after it was accepted: by the kernel of a dying process, whose port refuses a moment later, or by a living one
        /// that is too busy to shake hands.
        case reset
        case failed(String)
        /// The peer has another connection with us.
        case unneeded

        var isReset: Bool {
            if case .reset = self { true } else { false }
        }
    }

    /// How often a reset handshake is tried again at once, to see whether the port refuses by then.
    private static let maxResets = 3

    let configuration: PeerLinkConfiguration
    let logger: Logger
    private let eventLoop: any EventLoop
    private let clientTLS: NIOSSLContext?
    private let events: @Sendable (PeerLinkEvent) -> Void
    private let arbitration: LinkArbitration
    private var peers: [Incarnation: Peer] = [:]
    private var dialCount = 0
    private var isShutDown = false

    init(
        configuration: PeerLinkConfiguration, eventLoop: any EventLoop, clientTLS: NIOSSLContext?, logger: Logger,
        events: @escaping @Sendable (PeerLinkEvent) -> Void
    ) {
        self.configuration = configuration
        self.eventLoop = eventLoop
        self.clientTLS = clientTLS
        self.logger = logger
        self.events = events
        arbitration = LinkArbitration(own: configuration.incarnation)
    }

    // MARK: - What the node asks

    func setPeers(_ named: [Incarnation: PeerAddress]) {
        guard !isShutDown else { return }
        for (incarnation, peer) in peers where peer.address != nil && named[incarnation] == nil {
            forget(incarnation)
        }
        for (incarnation, address) in named where incarnation != configuration.incarnation {
            var peer = peers[incarnation] ?? makePeer()
            let isNew = peer.address != address
            peer.address = address
            peers[incarnation] = peer
            if isNew, peer.link == nil { dial(incarnation) }
        }
    }

    func send(_ frames: [PeerPeerFrame], to incarnation: Incarnation) {
        peers[incarnation]?.link?.send(frames)
    }

    func probe(_ incarnation: Incarnation) {
        guard !isShutDown, let peer = peers[incarnation] else { return events(.probed(incarnation, isGone: false)) }
        let heard = TimeAmount(configuration.limits.keepaliveInterval * 1.5)
        if let link = peer.link, NIODeadline.now() - link.pulse.lastReceived < heard {
            return events(.probed(incarnation, isGone: false))
        }
        guard peer.address != nil else { return events(.probed(incarnation, isGone: false)) }
        // One answer for every question.
        if peer.isProbed { events(.probed(incarnation, isGone: false)) }
        peers[incarnation]?.isProbed = true
        dial(incarnation)
    }

    func shutdown() {
        isShutDown = true
        let all = peers
        peers = [:]
        for peer in all.values {
            peer.retry?.cancel()
            peer.lossTimer?.cancel()
            peer.dial?.connection?.close(.closedByUs)
            peer.link?.close(.closedByUs)
        }
    }

    private func makePeer() -> Peer {
        let (first, most) = configuration.limits.backoff
        return Peer(backoff: Backoff(first: first, most: most))
    }

    private func forget(_ incarnation: Incarnation) {
        guard let peer = peers.removeValue(forKey: incarnation) else { return }
        peer.retry?.cancel()
        peer.lossTimer?.cancel()
        peer.dial?.connection?.close(.closedByUs)
        peer.link?.close(.closedByUs)
        if peer.link != nil || peer.lossTimer != nil { events(.down(incarnation, isGone: false)) }
        if peer.isProbed { events(.probed(incarnation, isGone: false)) }
    }

    // MARK: - Dialling

    private func dial(_ incarnation: Incarnation) {
        guard !isShutDown, let address = peers[incarnation]?.address, peers[incarnation]?.dial == nil else { return }
        peers[incarnation]?.retry?.cancel()
        peers[incarnation]?.retry = nil
        dialCount += 1
        let number = dialCount
        peers[incarnation]?.dial = Dial(number: number)
        connect(to: address, .init(target: incarnation, number: number)).assumeIsolated().whenFailure { [self] error in
            guard peers[incarnation]?.dial?.number == number else { return }
            dialEnded(incarnation, error.isConnectionRefused ? .processGone : .failed("\(error)"))
        }
    }

    /// Makes the TCP connection; the handshake follows by itself.
    private func connect(
        to address: PeerAddress, _ dial: PeerConnection.Dial
    ) -> EventLoopFuture<Void> {
        let manager = NIOLoopBound(self, eventLoop: eventLoop)
        let limits = configuration.limits
        let bootstrap = ClientBootstrap(group: eventLoop)
            .connectTimeout(TimeAmount(limits.connectTimeout))
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let manager = manager.value
                    if let tls = manager.clientTLS {
                        try channel.pipeline.syncOperations.addHandler(
                            NIOSSLClientHandler(context: tls, serverHostname: nil))
                    }
                    try manager.addConnection(to: channel, dial: dial)
                }
            }
        let channel =
            if let literal = try? SocketAddress(ipAddress: address.host, port: address.port) {
                bootstrap.connect(to: literal)
            } else {
                bootstrap.connect(host: address.host, port: address.port)
            }
        return channel.map { _ in }
    }

    /// Sets up the pipeline of an accepted (`dial` is nil) or dialled channel, behind TLS if there is any.
    func addConnection(to channel: any Channel, dial: PeerConnection.Dial?) throws {
        let connection = PeerConnection(manager: self, dial: dial)
        if let dial {
            // The node may have been let go, or the manager shut down, since the dial began.
            guard peers[dial.target]?.dial?.number == dial.number else { throw ChannelError.ioOnClosedChannel }
            peers[dial.target]?.dial?.connection = connection
        }
        try channel.pipeline.syncOperations.addHandlers([
            ByteToMessageHandler(PeerFrameDecoder(maxFrameBytes: configuration.limits.maxFrameBytes)), connection,
        ])
    }

    private func dialEnded(_ incarnation: Incarnation, _ outcome: DialOutcome) {
        guard var peer = peers[incarnation] else { return }
        peer.dial = nil
        peer.resets = outcome.isReset ? peer.resets + 1 : 0
        if outcome.isReset, peer.resets <= Self.maxResets {
            peers[incarnation] = peer
            return dial(incarnation)
        }
        var isGone = false
        switch outcome {
        case .processGone: isGone = true
        case .failed(let complaint) where complaint != peer.lastComplaint:
            peer.lastComplaint = complaint
            logger.warning("no peer link", metadata: ["peer": "\(incarnation)", "reason": "\(complaint)"])
        case .failed, .unneeded, .reset: break
        }
        let isProbed = peer.isProbed
        peer.isProbed = false
        let isLossUntold = peer.lossTimer != nil
        peer.lossTimer?.cancel()
        peer.lossTimer = nil
        peers[incarnation] = peer
        if isLossUntold { events(.down(incarnation, isGone: isGone)) }
        if isProbed { events(.probed(incarnation, isGone: isGone)) }
        if peer.link == nil { retryLater(incarnation) }
    }

    private func retryLater(_ incarnation: Incarnation) {
        guard !isShutDown, peers[incarnation]?.address != nil, peers[incarnation]?.retry == nil else { return }
        guard let delay = peers[incarnation]?.backoff.failed(jitter: .random(in: 0..<1)) else { return }
        peers[incarnation]?.retry = eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(delay)) { [weak self] in
            self?.peers[incarnation]?.retry = nil
            if self?.peers[incarnation]?.link == nil { self?.dial(incarnation) }
        }
    }

    // MARK: - What connections tell

    /// A peer calls and is of this cluster so far; nil lets it in.
    func admissionRequested(by incarnation: Incarnation) -> PeerRefusal? {
        guard !isShutDown, let peer = peers[incarnation] else { return nil }
        guard arbitration.admits(callFrom: incarnation, whileDialling: peer.dial != nil) else { return .duplicate }
        guard let link = peer.link else { return nil }
        return replaces(link, .them, incarnation) ? nil : .duplicate
    }

    func connectionEstablished(_ connection: PeerConnection, with incarnation: Incarnation) {
        guard !isShutDown else { return connection.close(.closedByUs) }
        var peer = peers[incarnation] ?? makePeer()
        if let dial = connection.dial, dial.number == peer.dial?.number { peer.dial = nil }
        if let link = peer.link, !replaces(link, connection.dialler, incarnation) {
            peers[incarnation] = peer
            return connection.close(.closedByUs)
        }
        let old = peer.link
        let isLossUntold = peer.lossTimer != nil
        let isProbed = peer.isProbed
        peer.lossTimer?.cancel()
        peer.retry?.cancel()
        (peer.lossTimer, peer.retry, peer.isProbed, peer.lastComplaint) = (nil, nil, false, nil)
        peer.resets = 0
        peer.backoff.succeeded()
        peer.link = connection
        peers[incarnation] = peer
        // Up and down alternate, so that whoever hears them attaches anew: frames may have been lost in the old link.
        if old != nil || isLossUntold { events(.down(incarnation, isGone: false)) }
        logger.info("peer link up", metadata: ["peer": "\(incarnation)"])
        events(.up(incarnation))
        if isProbed { events(.probed(incarnation, isGone: false)) }
        old?.close(.closedByUs)
    }

    func framesReceived(_ frames: [PeerPeerFrame], from incarnation: Incarnation, on connection: PeerConnection) {
        // A link that was replaced has nothing to say any more.
        guard peers[incarnation]?.link === connection else { return }
        events(.received(frames, from: incarnation))
    }

    func overflowed(_ incarnation: Incarnation) {
        logger.warning("frames for a peer were dropped at the bound", metadata: ["peer": "\(incarnation)"])
        events(.overflowed(incarnation))
    }

    func linkEnded(_ connection: PeerConnection, peer incarnation: Incarnation, _ end: PeerConnection.End) {
        guard !isShutDown, peers[incarnation]?.link === connection else { return }
        peers[incarnation]?.link = nil
        logger.info("peer link down", metadata: ["peer": "\(incarnation)", "cause": "\(end)"])
        guard peers[incarnation]?.address != nil else {
            peers[incarnation] = nil
            return events(.down(incarnation, isGone: false))
        }
        guard case .endedByPeer = end else {
            events(.down(incarnation, isGone: false))
            return retryLater(incarnation)
        }
        // Ended by the other side's kernel: its process may have died. A dial shows it within a round trip.
        peers[incarnation]?.lossTimer = eventLoop.assumeIsolated().scheduleTask(
            in: TimeAmount(configuration.limits.lossProbeTimeout)
        ) { [weak self] in
            guard self?.peers[incarnation]?.lossTimer != nil else { return }
            self?.peers[incarnation]?.lossTimer = nil
            self?.events(.down(incarnation, isGone: false))
        }
        dial(incarnation)
    }

    /// A connection ended before its handshake did.
    func handshakeEnded(_ connection: PeerConnection, _ end: PeerConnection.End) {
        guard let dial = connection.dial else {
            if case .refusedByUs(let refusal) = end, refusal != .duplicate {
                logger.warning(
                    "a peer was refused", metadata: ["reason": "\(refusal.rawValue)", "advice": "\(refusal.advice)"])
            }
            return
        }
        guard !isShutDown, peers[dial.target]?.dial?.number == dial.number else { return }
        dialEnded(dial.target, outcome(of: end))
    }

    private func outcome(of end: PeerConnection.End) -> DialOutcome {
        switch end {
        case .otherIncarnation: .processGone
        case .endedByPeer(wasReset: true): .reset
        case .endedByPeer: .failed("the connection ended during the handshake")
        case .timedOut: .failed("no answer to the handshake")
        case .refusedByPeer(.duplicate, _): .unneeded
        case .refusedByPeer(let refusal, let name): .failed("refused with \(name): \(refusal?.advice ?? "")")
        case .refusedByUs(let refusal): .failed("\(refusal.rawValue): \(refusal.advice)")
        case .closedByUs: .unneeded
        }
    }

    private func replaces(_ link: PeerConnection, _ new: LinkArbitration.Dialler, _ peer: Incarnation) -> Bool {
        let age = Duration(NIODeadline.now() - link.established)
        return arbitration.replaces(existing: (link.dialler, age), new: new, peer: peer)
    }
}
