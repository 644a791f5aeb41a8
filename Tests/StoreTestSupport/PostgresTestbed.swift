public import ConversationStore
public import LocalCluster
import Logging
public import PostgresClient
import SwitchboardProtocol
import Synchronization

/// A schema of its own on a real server, nodes on it, and a connection to look behind their backs.
public final class PostgresTestbed: Sendable {
    public let server: PostgresServer
    public let schema: String
    private let stores = Mutex<[PostgresConversationStore]>([])
    private let outboxes = Mutex<[PostgresPushOutbox]>([])
    private let admin: PostgresConnection
    private let days = Atomic<Int>(0)

    /// Makes the schema.
    ///
    /// - Parameter server: nil: the one that all tests share.
    public init(server: PostgresServer? = nil) async throws {
        if let server { self.server = server } else { self.server = try await SharedPostgres.shared.server() }
        schema = await SharedPostgres.shared.freshSchema()
        _ = try await PostgresMigrations.apply(connectionString: self.server.conninfo, schema: schema)
        admin = try Self.connect(self.server.superuserConninfo, schema: schema)
    }

    /// The options of a node's store; unreplicated, as the tests' servers are.
    public func options(_ name: String) -> PostgresStoreOptions {
        var options = PostgresStoreOptions(
            connectionString: server.conninfo, schema: schema, incarnation: Incarnation(trusted: name))
        options.writers = 2
        options.allowsUnreplicated = true
        return options
    }

    /// A node with connections of its own, all of them ready.
    public func node(
        _ name: String, change: (inout PostgresStoreOptions) -> Void = { _ in }
    ) async throws -> StoreClient {
        var options = options(name)
        change(&options)
        let (client, store) = try open(options)
        try await waitUntil(
            "the store of \(name) is ready", within: .seconds(30), detail: { "\(store.problems)" },
            { store.problems.isEmpty })
        return client
    }

    /// A node whose connections need not come up.
    public func open(_ options: PostgresStoreOptions) throws -> (StoreClient, PostgresConversationStore) {
        var logger = Logger(label: "store of \(options.incarnation)") { _ in SwiftLogNoOpLogHandler() }
        logger.logLevel = .critical
        let opened = Mutex<PostgresConversationStore?>(nil)
        let client = try StoreClient(options.incarnation.text) { events in
            let store = try PostgresConversationStore(options, logger: logger, events: events)
            opened.withLock { $0 = store }
            return store
        }
        guard let store = opened.withLock({ $0 }) else { throw TestbedError.notOpened }
        stores.withLock { $0.append(store) }
        return (client, store)
    }

    /// A node's push outbox, with a connection of its own.
    public func outbox(_ name: String) throws -> PostgresPushOutbox {
        let logger = Logger(label: "pushes of \(name)") { _ in SwiftLogNoOpLogHandler() }
        let outbox = try PostgresPushOutbox(options(name), logger: logger)
        outboxes.withLock { $0.append(outbox) }
        return outbox
    }

    /// Executes one statement as superuser, in the schema.
    @discardableResult
    public func sql(_ text: String) async throws -> PostgresRows {
        try await admin.query(text)
    }

    /// A connection of the test's own.
    public func connect() throws -> PostgresConnection {
        try Self.connect(server.superuserConninfo, schema: schema)
    }

    /// Lets days pass for the birthdays of conversations. Time itself is the server's and goes on as ever.
    public func advanceDays(_ count: Int) async throws {
        let passed = days.add(count, ordering: .relaxed).newValue
        try await sql(
            """
            CREATE OR REPLACE FUNCTION log_day() RETURNS date LANGUAGE sql STABLE AS
            $$ SELECT (statement_timestamp() AT TIME ZONE 'UTC')::date + \(passed) $$
            """)
    }

    public func close() async throws {
        for store in stores.withLock(\.self) { await store.close() }
        for outbox in outboxes.withLock(\.self) { await outbox.close() }
        _ = try? await sql("DROP SCHEMA \(schema) CASCADE")
        await admin.close()
    }

    private static func connect(_ conninfo: String, schema: String) throws -> PostgresConnection {
        var configuration = try PostgresConfiguration(conninfo)
        configuration.sessionSettings = ["search_path": schema, "client_min_messages": "error"]
        configuration.lockTimeout = .seconds(20)
        configuration.answerTimeLimit = .seconds(30)
        return try PostgresConnection(configuration)
    }
}

enum TestbedError: Error {
    case notOpened
}
