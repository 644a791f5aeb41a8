import LocalCluster
import PostgresClient
import SwiftProtobuf
import SwitchboardProtocol

/// Looks into the cluster's database.
final class ClusterDatabase: Sendable {
    private let connection: PostgresConnection

    init(_ server: PostgresServer) throws {
        var configuration = try PostgresConfiguration(server.superuserConninfo)
        configuration.sessionSettings = ["search_path": "switchboard"]
        configuration.answerTimeLimit = .seconds(120)
        connection = try PostgresConnection(configuration)
    }

    func close() async { await connection.close() }

    /// One entry, and which incarnation wrote it.
    struct Entry: Sendable {
        var index: Int
        var incarnation: String
        var entry: LogEntry
    }

    /// A whole log, first entry first.
    func log(of call: ConversationID) async throws -> [Entry] {
        let rows = try await connection.query(
            "SELECT index, incarnation, body FROM log WHERE conversation = $1 ORDER BY index",
            PostgresParameters(PostgresUUID(high: call.high, low: call.low)))
        return try rows.map { row in
            Entry(
                index: Int(try row.decode(0, as: Int32.self)), incarnation: try row.decode(1, as: String.self),
                entry: try LogEntry(serializedBytes: try row.decode(2, as: PostgresBytes.self).bytes))
        }
    }

    /// Makes live conversations that an incarnation leads which is no more.
    func makeOrphans(_ count: Int, firstEntry: LogEntry) async throws {
        let body: [UInt8] = try firstEntry.serializedBytes()
        try await connection.query(
            """
            WITH made AS (
                INSERT INTO conversations (id, born, caller, callee, leader, epoch)
                SELECT gen_random_uuid(), log_day(), 'many-caller', 'many-callee', 'ghost.0', 1
                FROM generate_series(1, $1)
                RETURNING id, born
            )
            INSERT INTO log (born, conversation, index, counter, checkpoint, incarnation, body)
            SELECT born, id, 1, row_number() OVER (), false, 'ghost.0', $2 FROM made
            """, PostgresParameters(count, PostgresBytes(body)))
    }

    func setFeatureLevel(_ level: Int) async throws {
        try await connection.query(
            "UPDATE cluster_settings SET value = $1 WHERE name = 'feature_level'", PostgresParameters("\(level)"))
    }

    /// How many live conversations each incarnation leads.
    func liveConversations() async throws -> [String: Int] {
        let rows = try await connection.query(
            "SELECT leader, count(*) FROM conversations WHERE ended_at IS NULL GROUP BY leader")
        return try Dictionary(
            uniqueKeysWithValues: rows.map { (try $0.decode(0, as: String.self), try $0.decode(1, as: Int.self)) })
    }
}
