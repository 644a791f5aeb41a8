import GRDB
import SwitchboardCore
import SwitchboardProtocol

/// Executes commands on the store's queue, one at a time.
struct SQLiteSession {
    let db: Database
    let clock: StoreClock

    /// Milliseconds since 1970, by the store's clock.
    var now: Int64 { clock.now().milliseconds }

    func execute(_ command: StoreCommand) -> StoreResult {
        switch command {
        case .commit(let batch): commit(batch)
        case .load(let conversation): answer { .loaded(try load(conversation)) }
        case .readLog(let conversation, let range): answer { .read(try entries(of: conversation, in: range)) }
        case .announce(let rows): answer { .announced(try announce(rows)) }
        case .withdraw(let keys): answer { try done(withdraw(keys)) }
        case .forget(let incarnation): answer { try done(forget(incarnation)) }
        case .readPresence(let users): answer { .presence(try presence(of: users)) }
        case .readOwnPresence(let incarnation): answer { .presence(try presence(ownedBy: incarnation)) }
        case .readPresentIncarnations: answer { .incarnations(try presentIncarnations()) }
        case .scanOrphans(let living, let slice, let slices, let grace, let limit):
            answer {
                try dropCommands(limit: limit)
                return .orphans(try orphans(living: living, slice: slice, of: slices, grace: grace, limit: limit))
            }
        // Nobody else has sessions on this file.
        case .terminateSessions: .done
        case .collect(let age, let limit): answer { try done(collect(endedBefore: age, limit: limit)) }
        case .probe: answer { try done(probe()) }
        case .readFeatureLevel: answer { .featureLevel(try SQLiteSchema.featureLevel(db)) }
        }
    }

    private func answer(_ body: () throws -> StoreResult) -> StoreResult {
        do {
            return try body()
        } catch {
            return SQLiteFailure(error).asResult
        }
    }

    private func done(_: Void) throws -> StoreResult { .done }

    /// Takes the write lock and gives it back: fails on a full or read-only disk as a commit would at its begin.
    private func probe() throws {
        try db.inTransaction(.immediate) {
            try db.execute(sql: "PRAGMA user_version = \(SQLiteSchema.version)")
            return .commit
        }
    }
}
