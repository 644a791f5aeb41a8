import ConversationStore
import Foundation
import Logging
import SwitchboardCore
import SwitchboardProtocol

/// The store that was configured, with what the assembly needs beside the port.
struct StoreHandle: Sendable {
    let store: any ConversationStore
    let pushes: any PushOutbox
    let writers: Int
    let problems: @Sendable () -> [String]
    let close: @Sendable () async -> Void

    static func open(
        _ settings: NodeSettings.Store, incarnation: Incarnation, logger: Logger,
        events: @escaping StoreEventHandler
    ) async throws(NodeError) -> StoreHandle {
        switch settings {
        case .sqlite(let path): try openSQLite(path, logger: logger, events: events)
        case .postgres(let url, let connections, let allowsUnreplicated):
            try await openPostgres(
                url.text, connections, allowsUnreplicated, incarnation: incarnation, logger: logger, events: events)
        }
    }

    private static func openSQLite(_ path: String, logger: Logger, events: @escaping StoreEventHandler)
        throws(NodeError) -> StoreHandle
    {
        do {
            try FileManager.default.createDirectory(
                at: URL(fileURLWithPath: path).deletingLastPathComponent(), withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700])
            if !FileManager.default.fileExists(atPath: path) {
                // For its owner only, wherever it lies: it holds session descriptions, which tell addresses. SQLite gives the
                // files beside it the same permissions; if it can't be made, SQLite says why.
                _ = FileManager.default.createFile(
                    atPath: path, contents: nil, attributes: [.posixPermissions: 0o600])
            }
            let store = try SQLiteConversationStore(SQLiteStoreOptions(path: path), events: events)
            return StoreHandle(
                store: store, pushes: SQLitePushOutbox(sharing: store), writers: 1, problems: { [] },
                close: { try? store.close() })
        } catch {
            throw .store("\(error)")
        }
    }

    private static func openPostgres(
        _ url: String, _ connections: Int, _ allowsUnreplicated: Bool, incarnation: Incarnation, logger: Logger,
        events: @escaping StoreEventHandler
    ) async throws(NodeError) -> StoreHandle {
        var options = PostgresStoreOptions(connectionString: url, incarnation: incarnation)
        options.writers = connections
        options.allowsUnreplicated = allowsUnreplicated
        await migrate(url, logger: logger)
        do {
            let store = try PostgresConversationStore(options, logger: logger, events: events)
            let pushes = try PostgresPushOutbox(options, logger: logger)
            return StoreHandle(
                store: store, pushes: pushes, writers: connections, problems: { store.problems },
                close: {
                    await pushes.close()
                    await store.close()
                })
        } catch {
            throw .store("\(error)")
        }
    }

    /// At start as well as by `switchboard migrate`. A database that can't be reached now does not keep the node from starting:
    /// it is not ready until it can, and says so.
    private static func migrate(_ url: String, logger: Logger) async {
        do {
            let report = try await PostgresMigrations.apply(connectionString: url)
            if !report.applied.isEmpty {
                logger.info("database migrated", metadata: ["steps": "\(report.applied)"])
            }
        } catch {
            logger.error("database not migrated, go on as it is", metadata: ["error": "\(error)"])
        }
    }
}
