import DequeModule
import PostgresClient

/// Decides when a lane may be used, and what its owner tells the core about it. Performs nothing itself.
///
/// Each new connection is checked before anything else is sent on it. While there is none, or one that was refused, jobs
/// are rejected at once: the core knows better than a queue what is still worth doing later. A refused connection is
/// checked again when it is asked for, so that a remedy is noticed without a restart.
struct LaneStateMachine {
    typealias Instant = ContinuousClock.Instant

    /// What the owner does, in this order.
    enum Action {
        /// Send the check on this connection, and report with ``checkFinished(_:refusal:now:)``.
        case check(PostgresSessionID)
        case send(LaneJob, PostgresSessionID)
        /// Complete it as unavailable.
        case reject(LaneJob, reason: String)
        /// End this connection: its server has been replaced.
        case endSession(PostgresSessionID)
        /// Tell the core that the lane is lost, before anything else about the lane.
        case tellLost(reason: String)
        /// Tell the core that the lane is back, before any result.
        case tellRestored
    }

    private enum Phase {
        case disconnected(reason: String)
        case checking(PostgresServerInfo)
        case ready(PostgresServerInfo)
        case refused(PostgresServerInfo, reason: String, since: Instant)
    }

    /// How long a refusal is believed.
    static let refusalAge: Duration = .milliseconds(500)

    private let maximumInFlight: Int
    private let maximumWaiting: Int
    private var phase = Phase.disconnected(reason: "not connected yet")
    private var waiting = Deque<LaneJob>()
    private var inFlight = 0
    /// The present connection has been used.
    private var isInUse = false
    private var isLost = false
    /// The highest that any lane has met.
    private var newestTimeline: UInt32 = 0

    /// - Parameters:
    ///   - maximumInFlight: 1 keeps results in the order of submission whatever becomes of a job.
    ///   - maximumWaiting: Further jobs are rejected.
    init(maximumInFlight: Int, maximumWaiting: Int) {
        self.maximumInFlight = maximumInFlight
        self.maximumWaiting = maximumWaiting
    }

    /// Why the lane cannot be used; nil if it can.
    var problem: String? {
        switch phase {
        case .disconnected(let reason), .refused(_, let reason, _): reason
        case .checking: "the connection is being checked"
        case .ready: nil
        }
    }

    /// The core wants something.
    mutating func submitted(_ job: LaneJob, now: Instant) -> [Action] {
        switch phase {
        case .disconnected(let reason): return [.reject(job, reason: reason)]
        case .refused(_, let reason, let since) where since.duration(to: now) < Self.refusalAge:
            return [.reject(job, reason: reason)]
        case .refused(let server, let reason, _) where server.timeline < newestTimeline:
            return [.reject(job, reason: reason)]
        case .refused(let server, _, _):
            phase = .checking(server)
            waiting.append(job)
            return [.check(server.session)]
        case .checking, .ready:
            guard waiting.count < maximumWaiting else {
                return [.reject(job, reason: "more than \(maximumWaiting) commands wait for this connection")]
            }
            waiting.append(job)
            return sendWaiting()
        }
    }

    /// A new connection stands.
    mutating func connected(_ server: PostgresServerInfo) -> [Action] {
        phase = .checking(server)
        return [.check(server.session)]
    }

    /// An attempt to connect has failed.
    mutating func connectionAttemptFailed(_ reason: String) {
        if case .disconnected = phase { phase = .disconnected(reason: reason) }
    }

    /// The check is over. Late news of an earlier connection are ignored.
    mutating func checkFinished(_ session: PostgresSessionID, refusal: String?, now: Instant) -> [Action] {
        guard case .checking(let server) = phase, server.session == session else { return [] }
        if let refusal {
            phase = .refused(server, reason: refusal, since: now)
            return rejectWaiting(refusal)
        }
        phase = .ready(server)
        isInUse = true
        let restored = isLost
        isLost = false
        return (restored ? [.tellRestored] : []) + sendWaiting()
    }

    /// The connection broke.
    mutating func disconnected(_ reason: String) -> [Action] {
        phase = .disconnected(reason: reason)
        let lost = isInUse
        isInUse = false
        isLost = isLost || lost
        return (lost ? [.tellLost(reason: reason)] : []) + rejectWaiting(reason)
    }

    /// A server on this timeline is the primary now.
    mutating func primaryChanged(timeline: UInt32, now: Instant) -> [Action] {
        newestTimeline = max(newestTimeline, timeline)
        let server: PostgresServerInfo
        switch phase {
        case .disconnected: return []
        case .checking(let current), .ready(let current), .refused(let current, _, _): server = current
        }
        guard server.timeline < timeline else { return [] }
        let refusal = ServerRefusal.leftBehind(endpoint: server.endpoint, found: server.timeline, known: timeline)
        phase = .refused(server, reason: refusal.description, since: now)
        return [.endSession(server.session)] + rejectWaiting(refusal.description)
    }

    /// A job that was sent has its result, or could not be sent.
    mutating func finished() -> [Action] {
        inFlight -= 1
        return sendWaiting()
    }

    private mutating func sendWaiting() -> [Action] {
        guard case .ready(let server) = phase else { return [] }
        var actions: [Action] = []
        while inFlight < maximumInFlight, let job = waiting.popFirst() {
            inFlight += 1
            actions.append(.send(job, server.session))
        }
        return actions
    }

    private mutating func rejectWaiting(_ reason: String) -> [Action] {
        defer { waiting.removeAll() }
        return waiting.map { .reject($0, reason: reason) }
    }
}
