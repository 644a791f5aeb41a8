import PostgresClient
import SwitchboardCore

/// What one of the store's connections is for, and how its sessions are set up.
enum LaneRole: Hashable, Sendable {
    case writer(Int)
    case barrier
    case presence
    case reader
    case control
    /// Of ``PostgresPushOutbox``, which is no lane of the store.
    case push

    /// The port's name for it, if it has one.
    var lane: StoreLane? {
        switch self {
        case .writer(let number): .writer(number)
        case .barrier: .barrier
        case .presence, .reader, .control, .push: nil
        }
    }

    var name: String {
        switch self {
        case .writer(let number): "writer \(number)"
        case .barrier: "barrier"
        case .presence: "presence"
        case .reader: "reader"
        case .control: "control"
        case .push: "push"
        }
    }

    /// Commits go one at a time, for the core gathers what comes meanwhile; a halved one keeps its place that way.
    var maximumInFlight: Int {
        switch self {
        case .writer, .barrier: 1
        case .presence, .reader, .control, .push: 16
        }
    }

    func configure(_ configuration: inout PostgresConfiguration, _ options: PostgresStoreOptions) {
        configuration.applicationName = SessionName(options.incarnation).named(name)
        configuration.lockTimeout = self == .barrier ? options.barrierLockTimeLimit : options.lockTimeLimit
        switch self {
        case .writer, .barrier: configuration.answerTimeLimit = options.commitTimeLimit
        case .presence, .reader, .control, .push: configuration.answerTimeLimit = options.queryTimeLimit
        }
        configuration.sessionSettings = [
            "search_path": options.schema,
            "default_transaction_isolation": "read committed",
            // Whatever role or database say: a commit means on disk, and at the standby if there is to be one. Presence
            // need not survive a failover: every node writes its rows anew then. Nor need it that a push was sent.
            "synchronous_commit": self == .presence || self == .push ? "local" : "on",
            // All statements are lookups by key. A plan made when a table was small must not scan it when it has grown.
            "plan_cache_mode": "force_generic_plan",
            "enable_seqscan": "off",
            "jit": "off",
        ]
    }
}
