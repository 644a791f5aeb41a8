/// Performs what the machines decide: owns the connection, the clock and the thread. Made and used on that thread.
final class ConnectionDriver {
    private typealias Instant = ContinuousClock.Instant

    /// A connection in use.
    private struct Session {
        let link: LibPQConnection
        let info: PostgresServerInfo
        let since: Instant
        /// Handed to libpq, and not all of it on the socket yet.
        var hasUnsentOutput = false
    }

    private enum Phase {
        case waiting(until: Instant)
        case connecting(ConnectionAttempt)
        case connected(Session)
    }

    /// While more than this waits in libpq's buffer nothing is added to it: what waits in the queue instead is known not
    /// to have been sent.
    private static let maximumUnsentBytes = 256 * 1024

    /// How often a connection with TLS is read while the server owes an answer, whatever poll says: what was decrypted but
    /// did not fit into libpq's buffer does not wake poll, and libpq does not tell of it.
    private static let tlsReadInterval = Duration.milliseconds(20)

    private let configuration: PostgresConfiguration
    private let inbox: ConnectionInbox
    private let sink: @Sendable (PostgresEvent) -> Void
    private var machine: PipelineStateMachine
    private var backoff: ReconnectBackoff
    private var phase = Phase.waiting(until: .now)
    private var recipients: [BatchTicket: (recipient: ConnectionInbox.Recipient, byteCount: Int)] = [:]
    private var ticketsGiven: UInt64 = 0
    private var sessionsOpened: UInt64 = 0
    private var nextEndpoint = 0
    private var failuresInRound = 0

    init(
        configuration: PostgresConfiguration, inbox: ConnectionInbox, sink: @escaping @Sendable (PostgresEvent) -> Void
    ) {
        self.configuration = configuration
        self.inbox = inbox
        self.sink = sink
        machine = PipelineStateMachine(limits: configuration.pipelineLimits)
        backoff = ReconnectBackoff(configuration.backoff)
    }

    /// Runs until the connection is closed.
    func run() {
        while true {
            takeSubmissions()
            if finishedClosing() { break }
            timeElapsed()
            sendPending()
            wait()
        }
        inbox.finished()
    }

    // MARK: - Submissions and outcomes

    private func takeSubmissions() {
        let delivery = inbox.take()
        let now = Instant.now
        for submission in delivery.submissions {
            ticketsGiven += 1
            let ticket = BatchTicket(number: ticketsGiven)
            recipients[ticket] = (submission.recipient, submission.byteCount)
            switch machine.batchSubmitted(submission.batch, ticket: ticket, for: submission.session, now: now) {
            case .none: break
            case .complete(let completion): complete(completion)
            }
        }
        if delivery.isClosing { machine.closeRequested() }
    }

    private func complete(_ completion: BatchCompletion) {
        guard let (recipient, byteCount) = recipients.removeValue(forKey: completion.ticket) else { return }
        // Before the owner hears of it: it may submit the next at once.
        inbox.settled(byteCount: byteCount)
        switch recipient {
        case .sink(let id): sink(.completed(id, completion.outcome))
        case .reply(let reply): reply(completion.outcome)
        }
    }

    private func finishedClosing() -> Bool {
        guard case .finished(let completions) = machine.closeProgress() else { return false }
        for completion in completions { complete(completion) }
        // Releases the connection.
        phase = .waiting(until: .now)
        return true
    }

    // MARK: - Time

    private func timeElapsed() {
        let now = Instant.now
        switch machine.timeElapsed(now: now) {
        case .none: break
        case .complete(let completions): for completion in completions { complete(completion) }
        case .dropConnection(let reason): drop(reason)
        }
        switch phase {
        case .waiting(let until) where until <= now: startAttempt()
        case .connecting(let attempt) where attempt.deadline <= now:
            attemptFailed(attempt.endpoint, "no answer within \(configuration.connectTimeLimit)")
        default: break
        }
    }

    private func wait() {
        var deadlines = machine.nextDeadline.map { [$0] } ?? []
        var socket: (Int32, SocketInterest)?
        switch phase {
        case .waiting(let until): deadlines.append(until)
        case .connecting(let attempt):
            deadlines.append(attempt.deadline)
            socket = (attempt.link.socket, attempt.interest)
        case .connected(let session):
            socket = (session.link.socket, session.hasUnsentOutput ? .both : .reading)
            if mayHideInput(session.link) { deadlines.append(.now.advanced(by: Self.tlsReadInterval)) }
        }
        let isReady = waitForSocket(socket, or: inbox.wakeup, until: deadlines.min())
        switch phase {
        case .connecting(let attempt) where isReady: advance(attempt)
        case .connected(let session) where isReady || mayHideInput(session.link): receive(on: session.link)
        default: break
        }
    }

    private func mayHideInput(_ link: LibPQConnection) -> Bool { link.usesTLS && machine.isAwaitingAnswer }

    // MARK: - Connecting

    private func startAttempt() {
        let endpoints = configuration.connectionString.endpoints
        let endpoint = endpoints[nextEndpoint % endpoints.count]
        let attempt = ConnectionAttempt(
            endpoint: endpoint, configuration: configuration, session: PostgresSessionID(sessionsOpened + 1),
            deadline: .now.advanced(by: configuration.connectTimeLimit))
        guard let attempt else { return attemptFailed(endpoint, "libpq has no memory") }
        if attempt.link.isBroken { return attemptFailed(endpoint, attempt.link.errorMessage) }
        phase = .connecting(attempt)
    }

    private func advance(_ attempt: ConnectionAttempt) {
        var attempt = attempt
        switch attempt.socketReady() {
        case .pending: phase = .connecting(attempt)
        case .failed(let reason): attemptFailed(attempt.endpoint, reason)
        case .succeeded(let info):
            if let reason = configuration.refusalReason(info) { return attemptFailed(attempt.endpoint, reason) }
            sessionsOpened += 1
            failuresInRound = 0
            phase = .connected(Session(link: attempt.link, info: info, since: .now))
            machine.connected(info.session)
            sink(.connected(info))
        }
    }

    private func attemptFailed(_ endpoint: ConnectionString.Endpoint, _ reason: String) {
        let reason = configuration.connectionString.redact(reason)
        nextEndpoint += 1
        failuresInRound += 1
        var pause = Duration.zero
        if failuresInRound >= configuration.connectionString.endpoints.count {
            failuresInRound = 0
            pause = backoff.attemptFailed(random: .random(in: 0...1))
        }
        phase = .waiting(until: .now.advanced(by: pause))
        machine.connectionAttemptFailed("\(endpoint.name): \(reason)")
        sink(.connectionAttemptFailed(endpoint: endpoint.name, reason: reason, retryIn: pause))
    }

    /// Gives the connection up. What it had in flight is unknown now; nothing is cancelled.
    private func drop(_ reason: UnknownReason) {
        guard case .connected(let session) = phase else { return }
        let pause = backoff.connectionLost(after: session.since.duration(to: .now), random: .random(in: 0...1))
        phase = .waiting(until: .now.advanced(by: pause))
        sink(.disconnected(session.info.session, reason: reason.description))
        for completion in machine.connectionLost(reason) { complete(completion) }
    }

    private func drop(_ reason: String) {
        drop(.connectionLost(configuration.connectionString.redact(reason)))
    }

    // MARK: - Exchanging

    private func sendPending() {
        guard case .connected(var session) = phase else { return }
        let link = session.link
        let now = Instant.now
        var result = session.hasUnsentOutput ? link.flush() : .done
        var unflushed = 0
        sending: while result == .done {
            switch machine.readyToSend(now: now) {
            case .wait: break sending
            case .complete(let completion): complete(completion)
            case .send(let commands):
                guard commands.allSatisfy({ link.send($0) }) else { return drop(link.errorMessage) }
                unflushed += commands.reduce(0) { $0 + $1.byteCount }
                if unflushed > Self.maximumUnsentBytes {
                    result = link.flush()
                    unflushed = 0
                }
            }
        }
        // One flush for all that was gathered.
        if result == .done { result = link.flush() }
        if result == .failed { return drop(link.errorMessage) }
        session.hasUnsentOutput = result == .pending
        phase = .connected(session)
    }

    private func receive(on link: LibPQConnection) {
        // A TLS record has at most 16 KiB and libpq takes at least 8 KiB at a time: two more reads leave nothing hidden,
        // unless more arrives meanwhile.
        for _ in 0..<(link.usesTLS ? 3 : 1) {
            let isOpen = link.consumeInput()
            guard handleAnswers(of: link) else { return }
            if !isOpen { return drop(link.lossReason) }
        }
    }

    /// - Returns: False if the connection was given up.
    private func handleAnswers(of link: LibPQConnection) -> Bool {
        link.parseUnasked()
        while machine.isAwaitingAnswer {
            let action: PipelineStateMachine.ReceiveAction
            switch link.nextAnswer() {
            case .nothing: return true
            case .failed(let reason): action = .dropConnection(reason)
            case .answered(let notices, let answer):
                for notice in notices { machine.noticeReceived(notice) }
                action = machine.answerReceived(answer)
            case .sync(let notices, let status):
                for notice in notices { machine.noticeReceived(notice) }
                action = machine.pipelineSyncReceived(status)
            }
            switch action {
            case .none: break
            case .complete(let completion): complete(completion)
            case .dropConnection(let reason):
                drop(reason)
                return false
            }
        }
        return true
    }
}
