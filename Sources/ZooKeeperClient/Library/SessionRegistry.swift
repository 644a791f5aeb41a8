import Synchronization

/// Finds the session that a callback of the library is about.
///
/// C is given numbers (``RequestToken``, ``SessionNumber``), and this table is the only thing that makes objects of them. A
/// session is in it from before its handle is opened until after it is closed, and so lives as long as callbacks may come.
enum SessionRegistry {
    private struct Table {
        var sessions: [SessionNumber: Session] = [:]
        var next = SessionNumber.first
    }

    private static let table = Mutex(Table())

    /// Makes a session with a number that no other has.
    static func register(_ make: (SessionNumber) -> Session) -> Session {
        let number = table.withLock { table in
            while table.sessions[table.next] != nil { table.next = table.next.next }
            defer { table.next = table.next.next }
            return table.next
        }
        let session = make(number)
        table.withLock { $0.sessions[number] = session }
        return session
    }

    static func unregister(_ session: Session) {
        table.withLock { table in
            _ = table.sessions.removeValue(forKey: session.number)
        }
    }

    static func session(_ number: SessionNumber?) -> Session? {
        guard let number else { return nil }
        return table.withLock { $0.sessions[number] }
    }
}
