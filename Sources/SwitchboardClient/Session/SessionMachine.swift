import SwiftProtobuf
public import SwitchboardProtocol

/// A client's side of the protocol as a value: what happened goes in, what to do comes out. No I/O, no clock, no
/// randomness but the seed it is given.
///
/// The three kinds of wrong input: a late but lawful event (a timer or an acceptance that no longer matters) is
/// dropped; a server that breaks the protocol costs it the connection, after which the session resumes; a call that
/// only a wrong driver would make is dropped as well, since a client must not bring down its application.
///
/// Life: `idle → connecting → greeting → ready`, from each of the last three back to `waiting` and `connecting` as
/// often as needed, until `ended`, which is final.
public struct SessionMachine: Sendable {
    enum State: Equatable, Sendable {
        case idle
        /// Until the timer `reconnect`.
        case waiting
        case connecting
        /// `hello` is sent, `welcome` is due.
        case greeting
        case ready
        case ended(SessionEnd)
    }

    let configuration: SessionConfiguration
    let device: DeviceID
    let outbox: OutboxID
    var state: State = .idle
    var conversations: [ConversationID: ConversationQueues] = [:]
    /// Ended conversations in the order of their ends; the first are forgotten first.
    var endedConversations: [ConversationID] = []
    var nextOrdinal: UInt64 = 0
    var limits: SessionLimits
    var jitter: JitterSource

    private var connections: UInt32
    /// Attempts since a connection last stood for long; that connection's own counts as the first.
    private var attempt = 0
    private var pingInterval: Duration
    /// Anything came since the last look of the heartbeat.
    private var heardSomething = false
    /// Anything came since the last look of the timer `acceptanceDue`.
    private var heardWhileWaiting = false
    private var isAcceptanceTimed = false
    private var awaitsPong = false
    /// A time to reconnect that the server set; it overrides the backoff.
    var serverSetReconnect: Duration?
    /// `go_away` came: the timer `reconnect` runs while the connection still stands.
    var isLeaving = false
    /// The last error that spoke of the connection, to say why the server closed.
    var connectionError: ServerError?
    /// Conversations with deliveries to acknowledge.
    var acknowledgementsDue: Set<ConversationID> = []

    /// - Parameters:
    ///   - record: what the outbox's storage holds.
    ///   - seed: the source of all jitter; drawn at random by whoever wants a herd spread.
    public init(configuration: SessionConfiguration, device: DeviceID, restoring record: OutboxRecord, seed: UInt64) {
        self.configuration = configuration
        self.device = device
        outbox = record.id
        connections = record.connections
        limits = configuration.limits
        pingInterval = configuration.pingInterval
        jitter = JitterSource(seed: seed)
        for (id, stored) in record.conversations.sorted(by: { $0.key < $1.key }) {
            conversations[id] = ConversationQueues(ordinal: nextOrdinal, restoring: stored)
            nextOrdinal += 1
        }
    }

    /// Whether sends go out at once.
    public var isReady: Bool { state == .ready }

    // MARK: - What the application does

    /// The application wants the session to connect.
    public mutating func started() -> [SessionAction] {
        guard state == .idle else { return [] }
        return connect()
    }

    /// The application wants no more of it. Acknowledgements that are due go out first; the outbox stays stored.
    public mutating func stopped() -> [SessionAction] {
        if case .ended = state { return [] }
        return flushAcknowledgements() + end(.stopped)
    }

    /// The network came back, or the application became visible: do at once what would come later.
    public mutating func networkBecameAvailable() -> [SessionAction] {
        switch state {
        case .waiting: [.cancel(.reconnect)] + connect()
        case .ready: ping()
        case .idle, .connecting, .greeting, .ended: []
        }
    }

    /// The application has a new token for the running connection.
    public mutating func tokenRefreshed(_ token: String) -> [SessionAction] {
        guard state == .ready else { return [] }
        return [.transmit(.with { $0.refresh.token = token })]
    }

    // MARK: - What happens to the socket

    /// The socket is open, and this token was had for it.
    public mutating func socketOpened(token: String) -> [SessionAction] {
        guard state == .connecting else { return [] }
        state = .greeting
        connections += 1
        heardSomething = false
        awaitsPong = false
        connectionError = nil
        var hello = WireHello()
        hello.token = token
        hello.device = device.text
        hello.connection = connections
        hello.outbox = outbox.text
        hello.features = configuration.features
        hello.conversations = cursors()
        return [
            .store(.connectionCounted(connections)),
            .transmit(.with { $0.hello = hello }),
            .schedule(.welcomeDue, after: configuration.welcomeTimeout),
        ]
    }

    /// The socket could not be opened, or no token was to be had; the reason is for people.
    public mutating func socketFailed(reason: String) -> [SessionAction] {
        guard state == .connecting else { return [] }
        return connectionLost(.unreachable(reason))
    }

    /// The socket closed with this code; nil: without a closing handshake.
    public mutating func socketClosed(code: UInt16?) -> [SessionAction] {
        switch state {
        case .idle, .waiting, .ended: return []
        case .connecting, .greeting, .ready: break
        }
        if let code, Self.forbidsReconnect(code) {
            return end(.refused(code: code, connectionError))
        }
        return connectionLost(.closed(code: code))
    }

    /// Bytes arrived that are no frame of the schema.
    public mutating func malformedFrameReceived() -> [SessionAction] {
        violated("bytes that are no frame of the subprotocol")
    }

    /// A WebSocket ping arrived: the server is there.
    public mutating func pingReceived() {
        heard()
    }

    /// The outbox's storage could not keep a change.
    public mutating func storageFailed() -> [SessionAction] {
        if case .ended = state { return [] }
        return end(.storageFailed)
    }

    public mutating func timerFired(_ timer: SessionTimer) -> [SessionAction] {
        switch (timer, state) {
        case (.reconnect, .waiting):
            return connect()
        case (.reconnect, .ready), (.reconnect, .greeting):
            // The delay of `go_away` is over.
            let acknowledgements = flushAcknowledgements()
            isLeaving = false
            serverSetReconnect = .zero
            return acknowledgements + [.disconnect(.goingAway)] + connectionLost(.serverLeaving)
        case (.welcomeDue, .greeting):
            return [.disconnect(.goingAway)] + connectionLost(.silent)
        case (.heartbeat, .ready):
            return heartbeat()
        case (.acceptanceDue, .ready):
            isAcceptanceTimed = false
            let actions = heardWhileWaiting ? [] : ping()
            return actions + timeAcceptance()
        case (.pongDue, .ready):
            guard awaitsPong else { return [] }
            return [.disconnect(.goingAway)] + connectionLost(.silent)
        case (.stable, .ready):
            attempt = 1
            return []
        case (.acknowledge, .ready):
            return flushAcknowledgements()
        case (.resend(let id), .ready):
            return resend(id)
        default:
            return []
        }
    }

    // MARK: - Steps

    private mutating func connect() -> [SessionAction] {
        state = .connecting
        serverSetReconnect = nil
        defer { attempt += 1 }
        return [.notify(.connecting(attempt: attempt)), .connect]
    }

    /// Called with the first sign of life after `hello`.
    mutating func welcomed(pingInterval interval: Double) -> [SessionAction] {
        state = .ready
        if interval > 0 { pingInterval = .milliseconds(interval) }
        return [
            .cancel(.welcomeDue),
            .schedule(.stable, after: configuration.stableAfter),
            .schedule(.heartbeat, after: pingInterval),
        ] + timeAcceptance()
    }

    mutating func heard() {
        heardSomething = true
        heardWhileWaiting = true
        awaitsPong = false
    }

    /// Starts the timer `acceptanceDue` if something waits and it does not run.
    mutating func timeAcceptance() -> [SessionAction] {
        guard !isAcceptanceTimed, conversations.values.contains(where: { !$0.unaccepted.isEmpty }) else { return [] }
        isAcceptanceTimed = true
        heardWhileWaiting = false
        return [.schedule(.acceptanceDue, after: configuration.impatience)]
    }

    private mutating func heartbeat() -> [SessionAction] {
        let next = SessionAction.schedule(.heartbeat, after: pingInterval)
        guard !heardSomething else {
            heardSomething = false
            return [next]
        }
        return ping() + [next]
    }

    private mutating func ping() -> [SessionAction] {
        guard !awaitsPong else { return [] }
        awaitsPong = true
        heardSomething = false
        return [
            .transmit(.with { $0.ping = WirePing() }),
            .schedule(.pongDue, after: configuration.pongTimeout),
        ]
    }

    /// The server broke the protocol: nothing on this connection can be trusted; what is unaccepted and unacknowledged
    /// is settled on the next.
    mutating func violated(_ rule: String) -> [SessionAction] {
        guard state == .greeting || state == .ready else { return [] }
        return [.disconnect(.policyViolation)] + connectionLost(.protocolViolation(rule))
    }

    private mutating func connectionLost(_ reason: DisconnectReason) -> [SessionAction] {
        var actions = connectionTimers()
        for id in conversations.keys {
            conversations[id]?.connectionLost()
        }
        acknowledgementsDue = []
        isAcceptanceTimed = false
        state = .waiting
        if isLeaving {
            // The timer that `go_away` set goes on.
            isLeaving = false
            actions.append(.notify(.disconnected(reason, retryAfter: serverSetReconnect ?? .zero)))
            return actions
        }
        let backoff = configuration.reconnect.wait(attempt: attempt - 1, jitter: jitter.fraction())
        let wait = serverSetReconnect ?? backoff
        serverSetReconnect = nil
        actions.append(.notify(.disconnected(reason, retryAfter: wait)))
        actions.append(.schedule(.reconnect, after: wait))
        return actions
    }

    mutating func end(_ reason: SessionEnd) -> [SessionAction] {
        let actions: [SessionAction] =
            connectionTimers() + [.cancel(.reconnect), .disconnect(.goingAway), .notify(.ended(reason))]
        state = .ended(reason)
        return actions
    }

    /// The timers of a connection, cancelled.
    private func connectionTimers() -> [SessionAction] {
        switch state {
        case .idle, .waiting, .connecting, .ended: return []
        case .greeting: return [.cancel(.welcomeDue)]
        case .ready: break
        }
        var timers: [SessionTimer] = [.heartbeat, .pongDue, .acceptanceDue, .stable, .acknowledge]
        timers += conversations.filter { $0.value.resendFrom != nil }.keys.sorted().map { .resend($0) }
        return timers.map { .cancel($0) }
    }

    /// Close codes after which a client stays away: the protocol's own, and the two that a repetition would only meet
    /// again.
    private static func forbidsReconnect(_ code: UInt16) -> Bool {
        if let known = CloseCode(rawValue: code) { return !known.invitesReconnect }
        return (4500...4999).contains(code)
    }
}
