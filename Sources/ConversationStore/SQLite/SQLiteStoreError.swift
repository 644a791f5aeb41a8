/// Why a SQLite store cannot be opened.
public enum SQLiteStoreError: Error, Equatable, CustomStringConvertible {
    /// Another process, or another store of this one, holds the file.
    case inUse(path: String)
    /// The file was written by a newer version.
    case newerSchema(path: String, found: Int, known: Int)
    /// The file's logs hold what only a newer version can read.
    case newerFeatureLevel(path: String, found: UInt32, known: UInt32)
    /// SQLite refused: no such directory, no permission, not a database, disk full.
    case cannotOpen(path: String, reason: String)

    public var description: String {
        switch self {
        case .inUse(let path):
            "the store \(path) is in use by another process: one node per file; stop the other or name another file"
        case .newerSchema(let path, let found, let known):
            """
            the store \(path) has schema version \(found), this program knows \(known): run the newer program, or start \
            with another file
            """
        case .newerFeatureLevel(let path, let found, let known):
            """
            the store \(path) has feature level \(found), this program knows \(known): run the newer program, or start \
            with another file
            """
        case .cannotOpen(let path, let reason):
            "cannot open the store \(path): \(reason)"
        }
    }
}
