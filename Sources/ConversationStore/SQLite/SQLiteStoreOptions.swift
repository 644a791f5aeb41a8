/// How the store of a single node keeps its file.
public struct SQLiteStoreOptions: Sendable {
    /// Path of the database; the file and its companions (`-wal`) are made if they are missing, the directory must exist.
    public var path: String
    /// Gives birthdays of conversations and ages of entries.
    public var clock: StoreClock

    public init(path: String, clock: StoreClock = .system) {
        self.path = path
        self.clock = clock
    }
}
