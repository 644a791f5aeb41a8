import PostgresClient
import SwitchboardCore
import SwitchboardProtocol

extension ConversationID {
    var uuid: PostgresUUID { PostgresUUID(high: high, low: low) }

    init(_ uuid: PostgresUUID) {
        self.init(high: uuid.high, low: uuid.low)
    }
}

extension AppendID {
    /// Unsigned numbers are kept as signed ones of the same bits.
    var storedCounter: Int64 { Int64(bitPattern: counter) }

    init(incarnation: String, storedCounter: Int64) {
        self.init(incarnation: Incarnation(trusted: incarnation), counter: UInt64(bitPattern: storedCounter))
    }
}

extension ConnectionID {
    var stored: Int64 { Int64(bitPattern: number) }

    init(stored: Int64) {
        self.init(UInt64(bitPattern: stored))
    }
}

extension PostgresRow {
    func decodeConversation(_ column: Int) throws(PostgresDecodingError) -> ConversationID {
        ConversationID(try decode(column, as: PostgresUUID.self))
    }

    func decodeUser(_ column: Int) throws(PostgresDecodingError) -> UserID {
        UserID(trusted: try decode(column))
    }

    func decodeIncarnation(_ column: Int) throws(PostgresDecodingError) -> Incarnation {
        Incarnation(trusted: try decode(column))
    }

    /// A column in milliseconds; not negative.
    func decodeDuration(_ column: Int) throws(PostgresDecodingError) -> Duration {
        .milliseconds(max(0, try decode(column, as: Int64.self)))
    }
}
