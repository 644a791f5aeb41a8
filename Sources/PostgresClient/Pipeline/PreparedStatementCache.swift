/// Which statements the server's session has parsed, and under which names.
struct PreparedStatementCache {
    private struct Entry {
        var sql: String
        var types: [PostgresType]
        /// The name in the session; nil if it is not parsed (yet, or not any more).
        var sessionName: String?
    }

    enum Lookup: Equatable {
        case ready(name: String)
        case unprepared
        case refused(BatchProblem)
    }

    private let limit: Int
    private var entries: [String: Entry] = [:]
    private var namesGiven = 0

    init(limit: Int) { self.limit = limit }

    /// Where a statement stands. Its first look-up fixes SQL and types of its name, for the life of the machine.
    mutating func lookup(_ statement: PreparedStatement, types: [PostgresType]) -> Lookup {
        if let entry = entries[statement.name] {
            guard entry.sql == statement.sql, entry.types == types else {
                return .refused(.ambiguousName(statement.name))
            }
            return entry.sessionName.map { .ready(name: $0) } ?? .unprepared
        }
        guard entries.count < limit else { return .refused(.tooManyPreparedStatements(limit: limit)) }
        entries[statement.name] = Entry(sql: statement.sql, types: types)
        return .unprepared
    }

    /// A name of the session that was never used before: a statement that is parsed anew must not meet its old self.
    mutating func makeSessionName() -> String {
        namesGiven += 1
        return "s\(namesGiven)"
    }

    mutating func prepared(_ name: String, as sessionName: String) { entries[name]?.sessionName = sessionName }

    /// The session's statement is of no use any more; the next use parses it anew.
    mutating func forget(_ name: String) { entries[name]?.sessionName = nil }

    /// The session has ended.
    mutating func forgetAll() {
        for name in entries.keys { entries[name]?.sessionName = nil }
    }
}
