import GRDB
import SwitchboardCore

/// The tables of a SQLite store, and how a file comes to have them.
///
/// A file belongs to one process, so versions never meet in it: a migration may do what it likes. Versions are counted in
/// `PRAGMA user_version`.
enum SQLiteSchema {
    /// Each script takes a file from the version of its position to the next.
    private static let migrations = [
        """
        CREATE TABLE conversations (
            id BLOB NOT NULL PRIMARY KEY,
            born INTEGER NOT NULL,
            caller TEXT NOT NULL,
            callee TEXT,
            leader TEXT NOT NULL,
            epoch INTEGER NOT NULL,
            ended_at INTEGER,
            deadline INTEGER
        ) WITHOUT ROWID;
        CREATE INDEX conversations_by_caller ON conversations (caller) WHERE ended_at IS NULL;
        CREATE INDEX conversations_by_callee ON conversations (callee) WHERE ended_at IS NULL AND callee IS NOT NULL;
        CREATE INDEX conversations_live ON conversations (leader, deadline) WHERE ended_at IS NULL;
        CREATE INDEX conversations_ended ON conversations (ended_at) WHERE ended_at IS NOT NULL;
        CREATE TABLE log (
            conversation BLOB NOT NULL,
            position INTEGER NOT NULL,
            incarnation TEXT NOT NULL,
            counter INTEGER NOT NULL,
            body BLOB NOT NULL,
            checkpoint INTEGER NOT NULL,
            written INTEGER NOT NULL,
            PRIMARY KEY (conversation, position)
        ) WITHOUT ROWID;
        """,
        """
        CREATE TABLE pairs (
            low TEXT NOT NULL,
            high TEXT NOT NULL,
            conversation BLOB NOT NULL,
            caller TEXT NOT NULL,
            audio INTEGER NOT NULL,
            video INTEGER NOT NULL,
            accepted INTEGER NOT NULL DEFAULT 0,
            PRIMARY KEY (low, high)
        ) WITHOUT ROWID;
        CREATE INDEX pairs_by_conversation ON pairs (conversation);
        CREATE TABLE end_commands (
            conversation BLOB NOT NULL PRIMARY KEY,
            reason TEXT NOT NULL,
            written INTEGER NOT NULL
        ) WITHOUT ROWID;
        CREATE TABLE push_endpoints (
            id TEXT NOT NULL PRIMARY KEY,
            user TEXT NOT NULL,
            provider TEXT NOT NULL,
            target TEXT NOT NULL,
            parameters TEXT NOT NULL,
            registered INTEGER NOT NULL
        ) WITHOUT ROWID;
        CREATE INDEX push_endpoints_by_user ON push_endpoints (user, id);
        CREATE TABLE push_outbox (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            conversation BLOB NOT NULL,
            kind TEXT NOT NULL,
            endpoint TEXT NOT NULL,
            user TEXT NOT NULL,
            provider TEXT NOT NULL,
            target TEXT NOT NULL,
            parameters TEXT NOT NULL,
            caller TEXT,
            audio INTEGER,
            video INTEGER,
            reason TEXT,
            expires INTEGER NOT NULL,
            due INTEGER NOT NULL,
            claimed_by TEXT,
            attempts INTEGER NOT NULL DEFAULT 0,
            state TEXT NOT NULL DEFAULT 'waiting',
            note TEXT,
            written INTEGER NOT NULL
        );
        CREATE INDEX push_outbox_due ON push_outbox (due, number) WHERE state = 'waiting';
        CREATE INDEX push_outbox_dead ON push_outbox (number) WHERE state = 'dead';
        CREATE INDEX push_outbox_by_conversation ON push_outbox (conversation);
        CREATE TABLE cluster_settings (name TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
        INSERT INTO cluster_settings (name, value) VALUES ('feature_level', '1');
        """,
    ]

    /// Presence lives and dies with the process that holds the file, so it is not kept in it.
    private static let presence = """
        CREATE TEMP TABLE presence (
            user TEXT NOT NULL,
            device TEXT NOT NULL,
            incarnation TEXT NOT NULL,
            connection INTEGER NOT NULL,
            counter INTEGER NOT NULL,
            PRIMARY KEY (user, device, incarnation, connection)
        ) WITHOUT ROWID;
        CREATE INDEX presence_by_incarnation ON presence (incarnation);
        """

    static var version: Int { migrations.count }

    /// Settings that must hold before the file is first read.
    static func prepare(_ db: Database) throws {
        // Exclusive before WAL: the lock is then kept from the first access to the end of the process.
        try db.execute(sql: "PRAGMA locking_mode = EXCLUSIVE")
        try db.execute(sql: "PRAGMA journal_mode = WAL")
        try db.execute(sql: "PRAGMA synchronous = FULL")
        try db.execute(sql: "PRAGMA temp_store = MEMORY")
    }

    /// Brings the file up to date.
    ///
    /// - Throws: ``SQLiteStoreError/newerSchema(path:found:known:)``,
    ///   ``SQLiteStoreError/newerFeatureLevel(path:found:known:)`` or what SQLite throws.
    static func migrate(_ db: Database, path: String) throws {
        try db.inTransaction(.immediate) {
            let found = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
            guard found <= version else {
                throw SQLiteStoreError.newerSchema(path: path, found: found, known: version)
            }
            for migration in migrations[found...] { try db.execute(sql: migration) }
            try db.execute(sql: "PRAGMA user_version = \(version)")
            try raiseFeatureLevel(db, path: path)
            return .commit
        }
        try db.execute(sql: presence)
    }

    /// The file's only node is this one, and it is of this release: it writes at its own level at once. What an older release
    /// could not read it refuses to open.
    private static func raiseFeatureLevel(_ db: Database, path: String) throws {
        let found = try featureLevel(db)
        guard found <= FeatureLevel.newest else {
            throw SQLiteStoreError.newerFeatureLevel(path: path, found: found, known: FeatureLevel.newest)
        }
        try db.execute(
            sql: "UPDATE cluster_settings SET value = ? WHERE name = 'feature_level'",
            arguments: ["\(FeatureLevel.newest)"])
    }

    static func featureLevel(_ db: Database) throws -> UInt32 {
        let text = try String.fetchOne(db, sql: "SELECT value FROM cluster_settings WHERE name = 'feature_level'")
        return text.flatMap { UInt32($0) } ?? FeatureLevel.first
    }
}
