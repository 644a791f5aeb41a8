/// One attempt to connect to one server, until the session is set up.
struct ConnectionAttempt {
    enum Progress {
        case pending
        case succeeded(PostgresServerInfo)
        case failed(String)
    }

    let link: LibPQConnection
    let endpoint: ConnectionString.Endpoint
    let session: PostgresSessionID
    let deadline: ContinuousClock.Instant
    private let settings: [(name: String, value: String)]
    // libpq's manual: behave at first as if the socket were to be written.
    private var waitsForWriting = true
    private var isSettingUp = false
    private var facts: SessionSetup.Facts?

    /// Starts it.
    ///
    /// - Returns: nil if libpq has no memory.
    init?(
        endpoint: ConnectionString.Endpoint, configuration: PostgresConfiguration, session: PostgresSessionID,
        deadline: ContinuousClock.Instant
    ) {
        guard let link = LibPQConnection(keywords: configuration.keywords(for: endpoint)) else { return nil }
        self.link = link
        self.endpoint = endpoint
        self.session = session
        self.deadline = deadline
        settings = configuration.settings
    }

    /// What to wait for on the socket.
    var interest: SocketInterest { waitsForWriting ? (isSettingUp ? .both : .writing) : .reading }

    /// The socket became ready.
    mutating func socketReady() -> Progress {
        isSettingUp ? exchange() : connect()
    }

    private mutating func connect() -> Progress {
        switch link.continueConnecting() {
        case .reading:
            waitsForWriting = false
            return .pending
        case .writing:
            waitsForWriting = true
            return .pending
        case .failed(let reason):
            return .failed(reason)
        case .connected:
            guard link.enterPipelineMode() else { return .failed(link.errorMessage) }
            isSettingUp = true
            let sent = SessionSetup.commands(settings: settings).allSatisfy { link.send($0) }
            return sent ? flush() : .failed(link.errorMessage)
        }
    }

    private mutating func flush() -> Progress {
        switch link.flush() {
        case .done: waitsForWriting = false
        case .pending: waitsForWriting = true
        case .failed: return .failed(link.errorMessage)
        }
        return .pending
    }

    private mutating func exchange() -> Progress {
        let isOpen = link.consumeInput()
        while true {
            switch link.nextAnswer() {
            case .nothing:
                return isOpen ? flush() : .failed(link.errorMessage)
            case .failed(let reason):
                return .failed(reason)
            case .answered(_, .error(let error)):
                return .failed("the session cannot be set up: \(error)")
            case .answered(_, .skipped):
                return .failed("the session cannot be set up")
            case .answered(_, .success(let output)):
                do throws(PostgresDecodingError) {
                    facts = try SessionSetup.facts(from: output.rows)
                } catch {
                    return .failed("the session cannot be set up: \(error)")
                }
            case .sync:
                guard let facts else { return .failed("the session cannot be set up") }
                return .succeeded(info(facts))
            }
        }
    }

    private func info(_ facts: SessionSetup.Facts) -> PostgresServerInfo {
        PostgresServerInfo(
            session: session, endpoint: endpoint.name, serverVersion: link.serverVersion,
            systemIdentifier: facts.systemIdentifier, timeline: facts.timeline, isInRecovery: facts.isInRecovery,
            backendPID: link.backendPID)
    }
}
