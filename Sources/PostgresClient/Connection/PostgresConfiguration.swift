/// How to connect, and the bounds of a connection.
public struct PostgresConfiguration: Sendable {
    /// Where to connect.
    public var connectionString: ConnectionString
    /// Shown in `pg_stat_activity`; nil: as the connection string says.
    public var applicationName: String?

    /// How long one attempt at one server may take, all included.
    public var connectTimeLimit: Duration = .seconds(3)
    /// Pauses between rounds of attempts.
    public var backoff = ReconnectBackoff.Policy()
    /// How long the server may take to answer a batch, from handing it over. When it is exceeded the connection is given
    /// up and the batch's outcome is unknown. Nothing is cancelled.
    public var answerTimeLimit: Duration = .seconds(5)
    /// How long a batch may wait for a connection while there is none.
    public var queueTimeLimit: Duration = .seconds(5)

    /// Batches that were submitted and have no outcome yet; further ones are refused.
    public var maximumOutstandingBatches = 1024
    /// Their size in bytes, likewise. A single batch may be larger if nothing else is outstanding.
    public var maximumOutstandingBytes = 64 * 1024 * 1024
    /// Batches handed over and not yet answered.
    public var maximumBatchesInFlight = 32
    /// Different prepared statements.
    public var maximumPreparedStatements = 256

    /// How long a statement waits for a lock before it fails with SQLSTATE 55P03; zero: without end.
    public var lockTimeout: Duration = .seconds(2)
    /// After how long the server ends a session that has begun a transaction and says nothing; zero: never. Does not fire
    /// while a half-sent batch is read: for that there is `pg_terminate_backend`.
    public var idleInTransactionTimeout: Duration = .seconds(10)
    /// How long sent data may stay unacknowledged by the peer's TCP before the connection counts as broken.
    public var tcpUserTimeout: Duration = .seconds(10)
    /// TCP keepalives: after how much silence, how often, and how many may go unanswered.
    public var keepalive = Keepalive()
    /// Further settings of each session, by name, as with SQL's SET.
    ///
    /// `statement_timeout` is 0 unless given here, whatever role and database say: it would cancel a COMMIT that waits for
    /// a standby.
    public var sessionSettings: [String: String] = [:]

    /// Decides whether a server is good enough, for example on a timeline not lower than any seen before. Returns the
    /// reason if not; then the next host is tried. Runs on the connection's thread.
    public var refusalReason: @Sendable (PostgresServerInfo) -> String? = { _ in nil }

    /// TCP keepalives of a connection.
    public struct Keepalive: Sendable, Equatable {
        /// Silence before the first probe.
        public var idle: Duration = .seconds(5)
        /// Time between probes.
        public var interval: Duration = .seconds(2)
        /// Unanswered probes after which the connection is broken.
        public var count = 3

        /// The defaults.
        public init() {}
    }

    /// The defaults.
    public init(connectionString: ConnectionString) {
        self.connectionString = connectionString
    }

    /// The defaults, for a connection string in text.
    ///
    /// - Throws: ``ConnectionStringError``.
    public init(_ text: String) throws(ConnectionStringError) {
        self.init(connectionString: try ConnectionString(text))
    }

    var pipelineLimits: PipelineStateMachine.Limits {
        PipelineStateMachine.Limits(
            maximumInFlight: max(1, maximumBatchesInFlight), maximumPreparedStatements: maximumPreparedStatements,
            answerTimeLimit: answerTimeLimit, queueTimeLimit: queueTimeLimit)
    }

    /// Keywords for libpq, in its order of precedence: later ones win. What the connection string says wins over our
    /// defaults for the network, and loses against what the code relies on.
    func keywords(for endpoint: ConnectionString.Endpoint) -> [(String, String)] {
        var keywords: [(String, String)] = [
            // Standbys are of use only to those who ask for them.
            ("target_session_attrs", "read-write"),
            ("keepalives", "1"),
            ("keepalives_idle", String(max(1, keepalive.idle.components.seconds))),
            ("keepalives_interval", String(max(1, keepalive.interval.components.seconds))),
            ("keepalives_count", String(keepalive.count)),
            ("tcp_user_timeout", String(tcpUserTimeout.milliseconds)),
            ("fallback_application_name", "PostgresClient"),
        ]
        keywords += connectionString.parameters.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        if let host = endpoint.host { keywords.append(("host", host)) }
        if let address = endpoint.hostAddress { keywords.append(("hostaddr", address)) }
        if let port = endpoint.port { keywords.append(("port", port)) }
        if let applicationName { keywords.append(("application_name", applicationName)) }
        keywords.append(("client_encoding", "UTF8"))
        return keywords
    }

    /// Settings of each session.
    var settings: [(name: String, value: String)] {
        let ours = [
            "lock_timeout": String(lockTimeout.milliseconds),
            "idle_in_transaction_session_timeout": String(idleInTransactionTimeout.milliseconds),
            "statement_timeout": "0",
        ]
        return ours.merging(sessionSettings) { $1 }.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }
}

extension Duration {
    /// Rounded down.
    var milliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }
}
