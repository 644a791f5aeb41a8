public import Logging
import PostgresClient
public import SwitchboardCore
import SwitchboardProtocol
import Synchronization

/// The store of a cluster: PostgreSQL, best with a synchronous standby.
///
/// Its connections, each with a thread of its own: the writers and one for barriers, which are the port's lanes; one for
/// presence, whose commands keep their order among each other; one for reading logs; and one for all that may take long or
/// wait for a standby (probe, scans, collection). All keep themselves up; until a connection stands, and while its server
/// is refused, its commands are `.unavailable`.
///
/// A server is refused if it is a standby, another database than before, on a lower timeline than one seen before, if its
/// schema is older than needed (see ``PostgresMigrations``), or, unless the options allow it, if it replicates to nobody.
public final class PostgresConversationStore: ConversationStore {
    private struct Lanes {
        var writers: [PostgresLane] = []
        var barrier: PostgresLane?
        var presence: PostgresLane?
        var reader: PostgresLane?
        var control: PostgresLane?

        var all: [PostgresLane] { writers + [barrier, presence, reader, control].compactMap(\.self) }
    }

    private let options: PostgresStoreOptions
    private let logger: Logger
    private let events: StoreEventHandler
    private let watermark = PrimaryWatermark()
    /// Filled at the end of the initialiser and not changed afterwards.
    private let lanes = Mutex(Lanes())

    /// Starts to connect; see ``problems``.
    ///
    /// - Parameter events: Called on the connections' threads: in order for one lane, in any order between lanes.
    /// - Throws: ``PostgresStoreError``.
    public init(
        _ options: PostgresStoreOptions, logger: Logger, events: @escaping StoreEventHandler
    ) throws(PostgresStoreError) {
        try PostgresStoreError.checkSchemaName(options.schema)
        self.options = options
        self.logger = logger
        self.events = events
        var lanes = Lanes()
        for number in 0..<max(1, options.writers) {
            lanes.writers.append(try makeLane(.writer(number)))
        }
        lanes.barrier = try makeLane(.barrier)
        lanes.presence = try makeLane(.presence)
        lanes.reader = try makeLane(.reader)
        lanes.control = try makeLane(.control)
        self.lanes.withLock { $0 = lanes }
    }

    /// Why the store cannot be used fully, a line for each connection in trouble; empty if all is well. For readiness.
    public var problems: [String] {
        Set(lanes.withLock(\.all).compactMap(\.problem)).sorted()
    }

    public func submit(_ command: StoreCommand, id: StoreRequestID) {
        let lanes = lanes.withLock { $0 }
        switch command {
        case .commit(let batch):
            let lane =
                switch batch.lane {
                case .writer(let number): lanes.writers[abs(number % lanes.writers.count)]
                case .barrier: lanes.barrier
                }
            lane?.submit(LaneJob(id: id, .commit(CommitAttempt(batch))))
        case .load(let conversation): query(.load(conversation), on: lanes.reader, id)
        case .readLog(let conversation, let range): query(.readLog(conversation, range), on: lanes.reader, id)
        case .announce(let rows): query(.announce(rows), on: lanes.presence, id)
        case .withdraw(let keys): query(.withdraw(keys), on: lanes.presence, id)
        case .forget(let incarnation): query(.forget(incarnation), on: lanes.presence, id)
        case .readPresence(let users): query(.readPresence(users), on: lanes.presence, id)
        case .readOwnPresence(let incarnation): query(.readOwnPresence(incarnation), on: lanes.control, id)
        case .readPresentIncarnations: query(.readPresentIncarnations(), on: lanes.control, id)
        // Not behind a probe that waits for a standby.
        case .terminateSessions(let incarnation): query(.terminateSessions(of: incarnation), on: lanes.reader, id)
        case .scanOrphans(let living, let slice, let slices, let grace, let limit):
            query(
                .scanOrphans(living: living, slice: slice, slices: slices, grace: grace, limit: limit),
                on: lanes.control, id)
        case .collect(let age, let limit):
            let days = options.partitionDaysAhead
            query(
                .collect(endedBefore: age, limit: limit, partitionDaysAhead: days, timeLimit: options.queryTimeLimit),
                on: lanes.control, id)
        case .probe:
            query(.probe(allowsUnreplicated: options.allowsUnreplicated), on: lanes.control, id)
        // Likewise.
        case .readFeatureLevel: query(.readFeatureLevel(), on: lanes.reader, id)
        }
    }

    /// Waits for what was sent, ends the connections and their threads. Later commands are `.unavailable`.
    public func close() async {
        for lane in lanes.withLock(\.all) { await lane.close() }
    }

    private func query(_ query: PostgresQuery, on lane: PostgresLane?, _ id: StoreRequestID) {
        lane?.submit(LaneJob(id: id, .query(query)))
    }

    // MARK: - Lanes

    private func makeLane(_ role: LaneRole) throws(PostgresStoreError) -> PostgresLane {
        do {
            var configuration = try PostgresConfiguration(options.connectionString)
            role.configure(&configuration, options)
            let watermark = watermark
            configuration.refusalReason = { watermark.refusal(of: $0)?.description }
            return try PostgresLane(
                name: role.name, configuration: configuration,
                check: SessionCheck(schema: options.schema, allowsUnreplicated: options.allowsUnreplicated),
                maximumInFlight: role.maximumInFlight, logger: logger
            ) { [weak self] event in self?.received(event, from: role) }
        } catch let error as ConnectionStringError {
            throw .connectionString(error.description)
        } catch {
            throw .resources("\(error)")
        }
    }

    private func received(_ event: PostgresLane.Event, from role: LaneRole) {
        switch event {
        case .completed(let id, let result): events(.completed(id, result))
        case .lost(let reason): if let lane = role.lane { events(.laneLost(lane, reason: reason)) }
        case .restored: if let lane = role.lane { events(.laneRestored(lane)) }
        case .connected(let server):
            // The others may still be with a server that has been replaced.
            for lane in lanes.withLock(\.all) { lane.primaryChanged(timeline: server.timeline) }
        case .ready:
            guard role == .control else { return }
            let query = PostgresQuery.preparePartitions(daysAhead: options.partitionDaysAhead)
            lanes.withLock { $0.control }?.submit(LaneJob(id: nil, .query(query)))
        }
    }
}
