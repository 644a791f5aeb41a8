import ConversationStore
import Foundation
import GRDB
import LocalCluster
import StoreTestSupport
import SwitchboardCore
import SwitchboardProtocol
import Synchronization
import Testing

@Suite("SQLite store")
struct SQLiteStoreTests {
    private let directory: TemporaryDirectory
    private var path: String { directory.file("store.db") }

    init() throws {
        directory = try TemporaryDirectory(label: "sqlite")
    }

    private func open(clock: StoreClock = .system) throws -> (SQLiteConversationStore, StoreClient) {
        let opened = Mutex<SQLiteConversationStore?>(nil)
        let client = try StoreClient("a.1") { events in
            let store = try SQLiteConversationStore(SQLiteStoreOptions(path: path, clock: clock), events: events)
            opened.withLock { $0 = store }
            return store
        }
        return (try #require(opened.withLock { $0 }), client)
    }

    /// Changes the file behind the store's back, while it is closed.
    private func tamper(_ sql: String) throws {
        let queue = try DatabaseQueue(path: path)
        try queue.writeWithoutTransaction { db in try db.execute(sql: sql) }
        try queue.close()
    }

    @Test("what was committed is there after the file is opened again; presence is not")
    func reopen() async throws {
        let (first, a) = try open()
        let append = SampleLog(leader: a).next(a, marker: 5)
        let key = PresenceKey(
            address: DeviceAddress(user: UserID(trusted: "bob"), device: DeviceID(trusted: "phone")),
            incarnation: a.incarnation, connection: ConnectionID(1))
        #expect(await a.result(of: .announce([PresenceRow(key: key, counter: 1)])).live == [:])
        #expect(await a.commit([append]).appends.first?.day != nil)
        try first.close()
        #expect(await a.commit([append]).unavailability != nil)
        #expect(await a.result(of: .load(append.conversation)).unavailability != nil)

        let (second, b) = try open()
        #expect(await b.result(of: .load(append.conversation)).log?.entries.map(\.entry.timeMs) == [5])
        #expect(await b.result(of: .readPresence([UserID(trusted: "bob")])).presence == [:])
        #expect(await b.commit([append]).appends == [.clash])
        try second.close()
    }

    @Test("the file is in WAL mode")
    func journalMode() async throws {
        let (store, a) = try open()
        #expect(await a.commit([SampleLog(leader: a).next(a)]).appends.first?.day != nil)
        try store.close()
        let queue = try DatabaseQueue(path: path)
        #expect(try await queue.read { db in try String.fetchOne(db, sql: "PRAGMA journal_mode") } == "wal")
        try queue.close()
    }

    @Test("a file has one store at a time")
    func inUse() throws {
        let (store, _) = try open()
        #expect(throws: SQLiteStoreError.inUse(path: path)) { try open() }
        try store.close()
        let (again, _) = try open()
        try again.close()
    }

    @Test("a process that holds the file keeps others out")
    func inUseByAnotherProcess() async throws {
        let (store, _) = try open()
        let script = """
            import sqlite3, sys
            try:
                sqlite3.connect(sys.argv[1], timeout=0).execute("SELECT count(*) FROM log")
            except sqlite3.OperationalError as error:
                sys.exit(7 if "locked" in str(error) else 8)
            """
        let command = LaunchCommand("python3", ["-c", script, path], logFile: directory.file("python.log"))
        #expect(try await ManagedProcess.start(command).waitForExit(within: .seconds(30)) == .code(7))
        try store.close()
    }

    @Test("a file of a newer version is left alone")
    func newerSchema() throws {
        let (store, _) = try open()
        try store.close()
        try tamper("PRAGMA user_version = 99")
        #expect(throws: SQLiteStoreError.newerSchema(path: path, found: 99, known: 2)) { try open() }
    }

    @Test("a file of the first version is brought up to date in place, and goes on at the newest level")
    func olderSchema() async throws {
        let (store, a) = try open()
        var log = SampleLog(leader: a)
        let first = log.next(a, marker: 5)
        log.note(first, try #require(await a.commit([first]).appends.first))
        try store.close()
        // As the first release left it.
        try tamper(
            """
            DROP TABLE pairs; DROP TABLE end_commands; DROP TABLE push_endpoints; DROP TABLE push_outbox;
            DROP TABLE cluster_settings; PRAGMA user_version = 1;
            """)
        let (again, b) = try open()
        #expect(await b.result(of: .load(log.conversation)).log?.entries.map(\.entry.timeMs) == [5])
        var second = log.next(b)
        second.pair = .take(
            PairKey(UserID(trusted: "alice"), UserID(trusted: "bob")), media: PairMedia(audio: true, video: true))
        #expect(await b.commit([second]).appends.first?.day != nil)
        #expect(await b.result(of: .readFeatureLevel).featureLevel == FeatureLevel.newest)
        try again.close()
        let (third, c) = try open()
        #expect(await c.result(of: .load(log.conversation)).log?.entries.count == 2)
        try third.close()
    }

    @Test("a file whose logs only a newer program can read is left alone")
    func newerFeatureLevel() throws {
        let (store, _) = try open()
        try store.close()
        let newer = FeatureLevel.newest + 1
        try tamper("UPDATE cluster_settings SET value = '\(newer)'")
        #expect(
            throws: SQLiteStoreError.newerFeatureLevel(path: path, found: newer, known: FeatureLevel.newest)
        ) { try open() }
    }

    @Test("endpoints and pushes are there after the file is opened again; a closed outbox is unavailable")
    func pushesReopened() async throws {
        let (store, a) = try open()
        let outbox = SQLitePushOutbox(sharing: store)
        let bob = UserID(trusted: "bob")
        let endpoint = PushEndpoint(
            id: PushEndpointID("phone"), user: bob, provider: .fcm, target: "token", parameters: "{}")
        try await outbox.register(endpoint, maximumPerUser: 3)
        var append = SampleLog(leader: a).next(a)
        append.push = .invite(
            user: bob, caller: UserID(trusted: "alice"), media: PairMedia(audio: true, video: false),
            expiresIn: .seconds(60))
        #expect(await a.commit([append]).batch?.pushes == [append.conversation: 1])
        try store.close()
        await #expect(throws: PushOutboxError.self) { try await outbox.endpoints(of: bob) }

        let (again, _) = try open()
        let reopened = SQLitePushOutbox(sharing: again)
        #expect(try await reopened.endpoints(of: bob) == [endpoint])
        let claimed = try await reopened.claim(limit: 5, lease: .seconds(30), by: a.incarnation)
        #expect(claimed.map(\.conversation) == [append.conversation])
        try again.close()
    }

    @Test("pushes written a day ago, and pairs without a call, are collected")
    func collected() async throws {
        let time = Mutex<Duration>(.seconds(86_400 * 20_000))
        let (store, a) = try open(clock: StoreClock { time.withLock { $0 } })
        let outbox = SQLitePushOutbox(sharing: store)
        let (alice, bob) = (UserID(trusted: "alice"), UserID(trusted: "bob"))
        let media = PairMedia(audio: true, video: false)
        try await outbox.register(
            PushEndpoint(id: PushEndpointID("phone"), user: bob, provider: .fcm, target: "token", parameters: "{}"),
            maximumPerUser: 3)
        func call(_ caller: UserID) -> LogAppend {
            var append = SampleLog(leader: a).next(a)
            append.pair = .take(PairKey(caller, bob), media: media)
            append.push = .invite(user: bob, caller: caller, media: media, expiresIn: .seconds(200_000))
            return append
        }
        let old = call(alice)
        #expect(await a.commit([old]).batch?.pushes.count == 1)
        time.withLock { $0 += .seconds(86_399) }
        let young = call(UserID(trusted: "carol"))
        #expect(await a.commit([young]).batch?.pushes.count == 1)
        time.withLock { $0 += .seconds(2) }
        #expect(await a.result(of: .collect(endedBefore: .zero, limit: 10)).isDone)
        #expect(
            try await outbox.claim(limit: 5, lease: .zero, by: a.incarnation).map(\.conversation) == [
                young.conversation
            ])
        try store.close()

        try tamper("UPDATE conversations SET ended_at = 1 WHERE caller = 'alice'")
        func pairs() throws -> Int? {
            let queue = try DatabaseQueue(path: path)
            defer { try? queue.close() }
            return try queue.read { db in try Int.fetchOne(db, sql: "SELECT count(*) FROM pairs") }
        }
        #expect(try pairs() == 2)
        let (again, b) = try open()
        #expect(await b.result(of: .collect(endedBefore: .seconds(86_400 * 90_000), limit: 10)).isDone)
        try again.close()
        // Both calls have the same two names in their rows, so both count as ended.
        #expect(try pairs() == 0)
    }

    @Test("a file that is no database, and a directory that is missing, are named")
    func cannotOpen() throws {
        try Data("not a database at all, but long enough to look like one".utf8).write(to: URL(filePath: path))
        #expect(throws: SQLiteStoreError.self) { try open() }
        let missing = directory.file("missing/store.db")
        #expect {
            try SQLiteConversationStore(SQLiteStoreOptions(path: missing)) { _ in }
        } throws: { error in
            guard case SQLiteStoreError.cannotOpen(missing, _) = error else { return false }
            return true
        }
    }

    @Test("a log that cannot be decoded is refused, others are not")
    func undecodable() async throws {
        let (store, a) = try open()
        let broken = SampleLog(leader: a).next(a)
        let sound = SampleLog(leader: a).next(a)
        #expect(await a.commit([broken, sound]).appends.count == 2)
        try store.close()
        try tamper("UPDATE log SET body = x'0aff' WHERE counter = \(broken.id.counter)")
        let (again, b) = try open()
        #expect(await b.result(of: .load(broken.conversation)).refusal?.contains("cannot be decoded") == true)
        #expect(await b.result(of: .readLog(broken.conversation, 1...1)).refusal != nil)
        #expect(await b.result(of: .load(sound.conversation)).log?.entries.count == 1)
        try again.close()
    }

    @Test("a clock that goes back makes no negative ages, and moves no birthday")
    func clockGoesBack() async throws {
        let time = Mutex<Duration>(.seconds(86_400 * 20_000))
        let (store, a) = try open(clock: StoreClock { time.withLock { $0 } })
        var log = SampleLog(leader: a)
        let first = log.next(a)
        log.note(first, try #require(await a.commit([first]).appends.first))
        #expect(log.born == LogDay(20_000))
        time.withLock { $0 -= .seconds(1) }
        let second = log.next(a)
        #expect(await a.commit([second]).appends == [.committed(LogDay(20_000))])
        #expect(await a.commit([SampleLog(leader: a).next(a)]).appends == [.committed(LogDay(19_999))])
        #expect(await a.result(of: .load(log.conversation)).log?.entries.first?.age == .zero)
        time.withLock { $0 += .milliseconds(1500) }
        #expect(
            await a.result(of: .load(log.conversation)).log?.entries.map(\.age)
                == [.milliseconds(500), .milliseconds(1500)])
        try store.close()
    }
}
