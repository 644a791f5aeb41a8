/// Why a PostgreSQL store cannot be made, or its schema not be brought up to date.
public enum PostgresStoreError: Error, Equatable, CustomStringConvertible {
    /// The connection string cannot be read.
    case connectionString(String)
    /// The schema's name could be taken for something else in SQL.
    case schemaName(String)
    /// No connection object can be made.
    case resources(String)
    /// The schema could not be brought up to date.
    case migration(String)
    /// The cluster's settings could not be read or changed.
    case settings(String)

    public var description: String {
        switch self {
        case .connectionString(let reason): reason
        case .schemaName(let name): "\(name) is no name for a schema; use lower-case letters, digits and _, at most 48"
        case .resources(let reason): reason
        case .migration(let reason): "the database's schema cannot be brought up to date: \(reason)"
        case .settings(let reason): "the cluster's settings cannot be read or changed: \(reason)"
        }
    }
}

extension PostgresStoreError {
    /// The name goes into statements and settings as it is.
    static func checkSchemaName(_ name: String) throws(PostgresStoreError) {
        let isPlain = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"): true
            default: false
            }
        }
        let startsWithDigit = name.utf8.first.map { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ?? true
        guard isPlain, !startsWithDigit, name.utf8.count <= 48 else { throw .schemaName(name) }
    }
}
