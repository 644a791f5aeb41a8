import GRDB
public import SwitchboardCore
import SwitchboardProtocol

/// The store of a single node: one SQLite file, nothing to install.
///
/// Durable by WAL and `synchronous = FULL`: a commit is on the disk when it is reported. Everything runs on one serial
/// queue in the order of ``submit(_:id:)``; all lanes are that queue, so a lane is never lost. The file belongs to one
/// store at a time.
public final class SQLiteConversationStore: ConversationStore {
    /// Shared with the file's ``SQLitePushOutbox``.
    let database: DatabaseQueue
    let clock: StoreClock
    private let events: StoreEventHandler

    /// Opens the file, makes what is missing.
    ///
    /// - Parameter events: Called on the store's queue, in the order of submission.
    /// - Throws: ``SQLiteStoreError``.
    public init(_ options: SQLiteStoreOptions, events: @escaping StoreEventHandler) throws {
        var configuration = Configuration()
        configuration.label = "switchboard.store"
        configuration.maximumReaderCount = 1
        configuration.prepareDatabase { db in try SQLiteSchema.prepare(db) }
        do {
            database = try DatabaseQueue(path: options.path, configuration: configuration)
            try database.writeWithoutTransaction { db in try SQLiteSchema.migrate(db, path: options.path) }
        } catch let error as DatabaseError {
            switch error.resultCode {
            case .SQLITE_BUSY, .SQLITE_LOCKED: throw SQLiteStoreError.inUse(path: options.path)
            default: throw SQLiteStoreError.cannotOpen(path: options.path, reason: error.shortReason)
            }
        }
        clock = options.clock
        self.events = events
    }

    public func submit(_ command: StoreCommand, id: StoreRequestID) {
        database.asyncWriteWithoutTransaction { [self] db in
            events(.completed(id, SQLiteSession(db: db, clock: clock).execute(command)))
        }
    }

    /// Waits for what was submitted, then lets go of the file. Later commands are `.unavailable`.
    public func close() throws {
        try database.close()
    }
}
