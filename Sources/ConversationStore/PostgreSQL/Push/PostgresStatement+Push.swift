import PostgresClient
import SwitchboardCore
import SwitchboardProtocol

extension PreparedStatement {
    /// One registration of a user at a time, so that the bound holds.
    fileprivate static let lockUser = PreparedStatement(
        "push_lock_user", "SELECT pg_advisory_xact_lock(hashtextextended('push endpoints of ' || $1, 0))")

    /// No row: the user has as many as may be.
    fileprivate static let register = PreparedStatement(
        "push_register",
        """
        INSERT INTO push_endpoints (id, user_id, provider, target, parameters)
        SELECT $1, $2, $3, $4, $5
        WHERE (SELECT count(*) FROM push_endpoints o WHERE o.user_id = $2 AND o.id <> $1) < $6
        ON CONFLICT (id) DO UPDATE SET user_id = excluded.user_id, provider = excluded.provider,
            target = excluded.target, parameters = excluded.parameters, registered = excluded.registered
        RETURNING id
        """)

    static let removeEndpoint = PreparedStatement(
        "push_remove", "DELETE FROM push_endpoints WHERE id = $1 AND user_id = $2 RETURNING id")

    static let endpoints = PreparedStatement(
        "push_endpoints", "SELECT id, provider, target, parameters FROM push_endpoints WHERE user_id = $1 ORDER BY id")

    /// What is due, but nobody else has in hand. What has expired dies here, and what was for an endpoint that its user has no
    /// more is dropped. Providers that only a later release knows are left to its nodes.
    ///
    /// The endpoint is looked up in a scalar subquery, which can only be run as one index lookup a row.
    fileprivate static let claim = PreparedStatement(
        "push_claim",
        """
        WITH met AS MATERIALIZED (
            SELECT o.number, o.expires <= now() AS expired,
                coalesce((SELECT e.user_id FROM push_endpoints e WHERE e.id = o.endpoint) = o.user_id, false) AS reachable
            FROM push_outbox o
            WHERE o.state = 'waiting' AND o.due <= now() AND o.provider = ANY ($4)
            ORDER BY o.due, o.number LIMIT $1 FOR UPDATE OF o SKIP LOCKED
        ), expired AS (
            UPDATE push_outbox SET state = 'dead', note = 'expired' || coalesce('; before that: ' || note, '')
            WHERE number = ANY (ARRAY(SELECT number FROM met WHERE expired))
        ), dropped AS (
            UPDATE push_outbox SET state = 'dropped', note = 'the endpoint was removed'
            WHERE number = ANY (ARRAY(SELECT number FROM met WHERE NOT expired AND NOT reachable))
        ), claimed AS (
            UPDATE push_outbox
            SET claimed_by = $2, claimed_until = now() + $3 * interval '1 millisecond',
                due = now() + $3 * interval '1 millisecond', attempts = attempts + 1
            WHERE number = ANY (ARRAY(SELECT number FROM met WHERE NOT expired AND reachable))
            RETURNING *
        )
        SELECT number, conversation, kind, endpoint, user_id, provider, target, parameters, caller, audio, video, reason,
            (extract(epoch FROM expires - now()) * 1000)::bigint, attempts - 1
        FROM claimed ORDER BY number
        """)

    /// A row that was dropped meanwhile stays so, but its endpoint goes if it is no more.
    fileprivate static let settle = PreparedStatement(
        "push_settle",
        """
        WITH asked AS MATERIALIZED (
            SELECT o.number, array_position($1, o.number) AS place FROM push_outbox o
            WHERE o.number = ANY ($1) AND o.claimed_by = $5
            ORDER BY o.number FOR UPDATE
        ), settled AS (
            UPDATE push_outbox o
            SET state = CASE ($2)[a.place] WHEN 'taken' THEN 'taken' WHEN 'postponed' THEN 'waiting' ELSE 'dead' END,
                due = CASE ($2)[a.place] WHEN 'postponed' THEN now() + ($3)[a.place] * interval '1 millisecond'
                    ELSE o.due END,
                claimed_by = CASE ($2)[a.place] WHEN 'postponed' THEN NULL ELSE o.claimed_by END,
                claimed_until = NULL,
                note = ($4)[a.place]
            FROM asked a
            WHERE o.number = ANY (ARRAY(SELECT number FROM asked)) AND o.number = a.number AND o.state = 'waiting'
        )
        DELETE FROM push_endpoints e
        WHERE e.id = ANY (ARRAY(
            SELECT o.endpoint FROM asked a JOIN push_outbox o ON o.number = a.number
            JOIN push_endpoints p ON p.id = o.endpoint AND p.user_id = o.user_id
            WHERE ($2)[a.place] = 'gone'
        ))
        """)

    static let nextDue = PreparedStatement(
        "push_next_due",
        """
        SELECT ceil(extract(epoch FROM due - clock_timestamp()) * 1000)::bigint FROM push_outbox
        WHERE state = 'waiting' AND provider = ANY ($1) ORDER BY due, number LIMIT 1
        """)

    static let deadLetters = PreparedStatement(
        "push_dead_letters",
        """
        SELECT number, conversation, user_id, endpoint, provider, attempts, coalesce(note, '') FROM push_outbox
        WHERE state = 'dead' ORDER BY number DESC LIMIT $1
        """)
}

extension PostgresStatement {
    /// For what must not be forgotten; the connection does not wait for a standby otherwise.
    static let waitForStandby = PostgresStatement(sql: "SET LOCAL synchronous_commit TO on")

    /// How many statements ``register(_:maximumPerUser:)`` are; the last one answers with a row if there was room.
    static let registerCount = 3

    static func register(_ endpoint: PushEndpoint, maximumPerUser: Int) -> [PostgresStatement] {
        [
            .waitForStandby, PreparedStatement.lockUser.bind(endpoint.user.text),
            PreparedStatement.register.bind(
                endpoint.id.text, endpoint.user.text, endpoint.provider.rawValue, endpoint.target, endpoint.parameters,
                Int64(maximumPerUser)),
        ]
    }

    static func claim(limit: Int, lease: Duration, by node: Incarnation) -> PostgresStatement {
        PreparedStatement.claim.bind(
            Int64(max(0, limit)), node.text, lease.spanMilliseconds, PushProviderKind.storedNames)
    }

    /// Sorted, as a cancel locks the rows of a call: neither waits for the other in a circle.
    static func settle(_ settlements: [PushSettlement], by node: Incarnation) -> PostgresStatement {
        let sorted = settlements.sorted { $0.number < $1.number }
        return PreparedStatement.settle.bind(
            sorted.map(\.number), sorted.map(\.outcome.storedName), sorted.map { $0.outcome.pause?.spanMilliseconds },
            sorted.map(\.outcome.storedReason), node.text)
    }
}

extension PostgresRows {
    func decodeEndpoints(of user: UserID) throws(PostgresDecodingError) -> [PushEndpoint] {
        var found: [PushEndpoint] = []
        for row in self {
            guard let provider = PushProviderKind(rawValue: try row.decode(1)) else { continue }
            found.append(
                PushEndpoint(
                    id: PushEndpointID(try row.decode(0)), user: user, provider: provider, target: try row.decode(2),
                    parameters: try row.decode(3)))
        }
        return found
    }

    func decodeClaims() throws(PostgresDecodingError) -> [ClaimedPush] {
        var claimed: [ClaimedPush] = []
        for row in self {
            let stored = StoredPushKind(
                name: try row.decode(2), caller: try row.decodeIfPresent(8), audio: try row.decodeIfPresent(9),
                video: try row.decodeIfPresent(10), reason: try row.decodeIfPresent(11))
            guard let kind = stored.kind, let provider = PushProviderKind(rawValue: try row.decode(5)) else { continue }
            let endpoint = PushEndpoint(
                id: PushEndpointID(try row.decode(3)), user: try row.decodeUser(4), provider: provider,
                target: try row.decode(6), parameters: try row.decode(7))
            claimed.append(
                ClaimedPush(
                    number: try row.decode(0), conversation: try row.decodeConversation(1), kind: kind,
                    endpoint: endpoint, expiresIn: .milliseconds(try row.decode(12, as: Int64.self)),
                    attempts: Int(try row.decode(13, as: Int32.self))))
        }
        return claimed
    }

    func decodeDeadPushes() throws(PostgresDecodingError) -> [DeadPush] {
        var found: [DeadPush] = []
        for row in self {
            guard let provider = PushProviderKind(rawValue: try row.decode(4)) else { continue }
            found.append(
                DeadPush(
                    number: try row.decode(0), conversation: try row.decodeConversation(1), user: try row.decodeUser(2),
                    endpoint: PushEndpointID(try row.decode(3)), provider: provider,
                    attempts: Int(try row.decode(5, as: Int32.self)), reason: try row.decode(6)))
        }
        return found
    }
}
