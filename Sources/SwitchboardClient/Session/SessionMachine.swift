import SwiftProtobuf
public import SwitchboardProtocol

/// A client's side of the protocol as a value: what happened goes in, what to do comes out. No I/O, no clock, no
/// randomness but the seed it is given. `now` is the time since the machine was made, on a clock that does not jump.
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
    /// Connections lost in a row, since one stood for long.
    private var failures = 0
    private var pingInterval: Duration
    private var lastHeard: Duration = .zero
    /// Sends that are not accepted, in all conversations.
    var waitingCount = 0
    /// Since when something waits for acceptance without a pause, on this connection.
    private var waitingSince: Duration = .zero
    private var isAcceptanceTimed = false
    private var awaitsPong = false
    /// A time to reconnect that the server set; neither the backoff nor a better network overrides it.
    var serverSetReconnect: Duration?
    /// The timer `reconnect` runs with a time that the server set.
    private var isAppointed = false
    /// `sync_complete` came over this connection.
    var isSynchronized = false
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
            waitingCount += stored.unaccepted.count
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

    /// The application wants fresh ICE servers. Without a connection nothing is asked: `welcome` will bring some.
    public mutating func iceServersRequested() -> [SessionAction] {
        guard state == .ready else { return [] }
        return [.transmit(.with { $0.iceServers = WireIceServersRequest() })]
    }

    /// The application wants no more of it. Acknowledgements that are due go out first; the outbox stays stored.
    public mutating func stopped() -> [SessionAction] {
        if case .ended = state { return [] }
        return flushAcknowledgements() + end(.stopped)
    }

    /// The network came back, or the application became visible: do at once what would come later.
    public mutating func networkBecameAvailable() -> [SessionAction] {
        switch state {
        case .waiting: isAppointed ? [] : [.cancel(.reconnect)] + connect()
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
        var hello = WireHello()
        hello.token = token
        hello.device = device.text
        hello.connection = connections
        hello.outbox = outbox.text
        hello.features = configuration.features
        hello.conversations = cursors()
        return [.transmit(.with { $0.hello = hello })]
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
            return end(.refused(code: code, connectionError), isClosed: true)
        }
        return connectionLost(.closed(code: code))
    }

    /// Bytes arrived that are no frame of the schema.
    public mutating func malformedFrameReceived() -> [SessionAction] {
        violated("bytes that are no frame of the subprotocol")
    }

    /// A WebSocket ping arrived: the server is there.
    public mutating func pingReceived(now: Duration) {
        heard(now: now)
    }

    /// The outbox's storage could not keep a change.
    public mutating func storageFailed() -> [SessionAction] {
        if case .ended = state { return [] }
        return end(.storageFailed)
    }

    public mutating func timerFired(_ timer: SessionTimer, now: Duration) -> [SessionAction] {
        switch (timer, state) {
        case (.reconnect, .waiting):
            return connect()
        case (.reconnect, .ready):
            return leave()
        case (.welcomeDue, .connecting), (.welcomeDue, .greeting):
            return [.disconnect(.goingAway)] + connectionLost(.silent)
        case (.pongDue, .ready):
            return awaitsPong ? [.disconnect(.goingAway)] + connectionLost(.silent) : []
        case (.heartbeat, .ready):
            return heartbeat(now: now)
        case (.acceptanceDue, .ready):
            return acceptanceDue(now: now)
        case (.stable, .ready):
            failures = 0
            return []
        case (.acknowledge, .ready):
            return flushAcknowledgements()
        case (.resend(let id), .ready):
            return resend(id, now: now)
        default:
            return []
        }
    }

    // MARK: - Steps

    private mutating func connect() -> [SessionAction] {
        state = .connecting
        isAppointed = false
        serverSetReconnect = nil
        connections += 1
        awaitsPong = false
        connectionError = nil
        return [
            .store(.connectionCounted(connections)),
            .notify(.connecting(attempt: failures)),
            .schedule(.welcomeDue, after: configuration.welcomeTimeout),
            .connect,
        ]
    }

    /// The delay of `go_away` is over: the next connection comes at once, and says nothing about how good the network is.
    private mutating func leave() -> [SessionAction] {
        let acknowledgements = flushAcknowledgements()
        serverSetReconnect = .zero
        return acknowledgements + [.disconnect(.goingAway)] + connectionLost(.serverLeaving) + connect()
    }

    /// Called with the first sign of life after `hello`.
    mutating func welcomed(pingInterval interval: Double, now: Duration) -> [SessionAction] {
        state = .ready
        if interval > 0 { pingInterval = .milliseconds(interval) }
        waitingSince = now
        return [
            .cancel(.welcomeDue),
            .schedule(.stable, after: configuration.stableAfter),
            .schedule(.heartbeat, after: pingInterval),
        ] + (waitingCount > 0 ? scheduleAcceptance(after: configuration.impatience) : [])
    }

    mutating func heard(now: Duration) {
        lastHeard = now
        awaitsPong = false
    }

    /// Something begins to wait, or goes on waiting.
    mutating func timeAcceptance(now: Duration) -> [SessionAction] {
        if waitingCount == 1 { waitingSince = now }
        return isAcceptanceTimed ? [] : scheduleAcceptance(after: configuration.impatience)
    }

    private mutating func scheduleAcceptance(after delay: Duration) -> [SessionAction] {
        isAcceptanceTimed = true
        return [.schedule(.acceptanceDue, after: delay)]
    }

    /// The timers that watch over silence are not moved with each frame: they look how long it has lasted.
    private mutating func acceptanceDue(now: Duration) -> [SessionAction] {
        isAcceptanceTimed = false
        guard waitingCount > 0 else { return [] }
        let silence = now - max(lastHeard, waitingSince)
        guard silence >= configuration.impatience else {
            return scheduleAcceptance(after: configuration.impatience - silence)
        }
        return ping() + scheduleAcceptance(after: configuration.impatience)
    }

    private mutating func heartbeat(now: Duration) -> [SessionAction] {
        let silence = now - lastHeard
        guard silence >= pingInterval else { return [.schedule(.heartbeat, after: pingInterval - silence)] }
        return ping() + [.schedule(.heartbeat, after: pingInterval)]
    }

    private mutating func ping() -> [SessionAction] {
        guard !awaitsPong else { return [] }
        awaitsPong = true
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
        isSynchronized = false
        state = .waiting
        isAppointed = serverSetReconnect != nil
        if isLeaving {
            // The timer that `go_away` set goes on.
            isLeaving = false
            actions.append(.notify(.disconnected(reason, retryAfter: serverSetReconnect ?? .zero)))
            return actions
        }
        let wait = serverSetReconnect ?? configuration.reconnect.wait(attempt: failures, jitter: jitter.fraction())
        serverSetReconnect = nil
        failures += 1
        actions.append(.notify(.disconnected(reason, retryAfter: wait)))
        actions.append(.schedule(.reconnect, after: wait))
        return actions
    }

    /// - Parameter isClosed: the socket is gone already.
    mutating func end(_ reason: SessionEnd, isClosed: Bool = false) -> [SessionAction] {
        let closing: [SessionAction] = isClosed ? [] : [.disconnect(.goingAway)]
        let actions = connectionTimers() + [.cancel(.reconnect)] + closing + [.notify(.ended(reason))]
        state = .ended(reason)
        return actions
    }

    /// The timers of a connection, cancelled.
    private func connectionTimers() -> [SessionAction] {
        switch state {
        case .idle, .waiting, .ended: return []
        case .connecting, .greeting: return [.cancel(.welcomeDue)]
        case .ready: break
        }
        var timers: [SessionTimer] = [.heartbeat, .pongDue, .acceptanceDue, .stable, .acknowledge]
        timers += conversations.filter { $0.value.isPostponed }.keys.sorted().map { .resend($0) }
        return timers.map { .cancel($0) }
    }

    /// Close codes after which a client stays away: the protocol's own, and the two that a repetition would only meet
    /// again.
    private static func forbidsReconnect(_ code: UInt16) -> Bool {
        if let known = CloseCode(rawValue: code) { return !known.invitesReconnect }
        return (4500...4999).contains(code)
    }
}
