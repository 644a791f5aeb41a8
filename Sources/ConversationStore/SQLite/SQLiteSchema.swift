import GRDB

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
        """
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
    /// - Throws: ``SQLiteStoreError/newerSchema(path:found:known:)`` or what SQLite throws.
    static func migrate(_ db: Database, path: String) throws {
        try db.inTransaction(.immediate) {
            let found = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
            guard found <= version else {
                throw SQLiteStoreError.newerSchema(path: path, found: found, known: version)
            }
            for migration in migrations[found...] { try db.execute(sql: migration) }
            try db.execute(sql: "PRAGMA user_version = \(version)")
            return .commit
        }
        try db.execute(sql: presence)
    }
}
