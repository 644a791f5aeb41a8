import ConversationStore
import LocalCluster
import StoreTestSupport
import SwitchboardCore
import Synchronization

/// A SQLite store in a temporary directory; all nodes share it, for a file has one process.
final class SQLiteHarness: StoreHarness {
    private let directory: TemporaryDirectory
    private let store: SQLiteConversationStore
    private let first: StoreClient
    private let days: DayShift

    /// Days that were let pass.
    private final class DayShift: Sendable {
        let days = Atomic<Int>(0)
    }

    init() throws {
        let directory = try TemporaryDirectory(label: "store")
        let shift = DayShift()
        let clock = StoreClock {
            StoreClock.system.now() + .seconds(86_400 * shift.days.load(ordering: .relaxed))
        }
        let opened = Mutex<SQLiteConversationStore?>(nil)
        first = try StoreClient("first") { events in
            let store = try SQLiteConversationStore(
                SQLiteStoreOptions(path: directory.file("store.db"), clock: clock), events: events)
            opened.withLock { $0 = store }
            return store
        }
        guard let store = opened.withLock({ $0 }) else { throw HarnessError.notOpened }
        self.store = store
        self.directory = directory
        days = shift
    }

    func node(_ name: String) async throws -> StoreClient {
        StoreClient(name, sharing: first)
    }

    func outbox(_ name: String) async throws -> any PushOutbox {
        SQLitePushOutbox(sharing: store)
    }

    func advanceDays(_ days: Int) async throws {
        self.days.days.add(days, ordering: .relaxed)
    }

    func close() async throws {
        try store.close()
    }
}

enum HarnessError: Error {
    case notOpened
}
