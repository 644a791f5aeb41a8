import PostgresClient
import SwitchboardCore
import SwitchboardProtocol

extension PreparedStatement {
    /// There are few leaders and many conversations: the recursion hops from one leader to the next in the index, and
    /// only conversations of those that are gone are looked at.
    fileprivate static let scanOrphans = PreparedStatement(
        "scan_orphans",
        """
        WITH RECURSIVE leaders (leader) AS (
            (SELECT leader FROM conversations WHERE ended_at IS NULL ORDER BY leader LIMIT 1)
            UNION ALL
            SELECT (
                SELECT c.leader FROM conversations c WHERE c.ended_at IS NULL AND c.leader > l.leader
                ORDER BY c.leader LIMIT 1
            )
            FROM leaders l WHERE l.leader IS NOT NULL
        )
        SELECT id, leader, (SELECT e.reason FROM end_commands e WHERE e.conversation = orphans.id) FROM (
            SELECT id, leader FROM conversations
            WHERE ended_at IS NULL AND leader = ANY (ARRAY(
                SELECT leader FROM leaders WHERE leader IS NOT NULL AND leader <> ALL ($1::text[])
            ))
            UNION
            SELECT id, leader FROM conversations
            WHERE ended_at IS NULL AND deadline < now() - $2::bigint * interval '1 millisecond'
            UNION
            SELECT c.id, c.leader FROM end_commands e CROSS JOIN LATERAL (
                SELECT id, leader FROM conversations WHERE id = e.conversation AND ended_at IS NULL LIMIT 1
            ) AS c
            WHERE e.written < now() - $6::bigint * interval '1 millisecond'
        ) AS orphans
        WHERE (uuid_hash(id)::bigint & 2147483647) % $4::bigint = $3::bigint
        LIMIT $5::bigint
        """)

    /// There are few, and most of them are a moment old. Nobody waits for a row that somebody else has in hand.
    fileprivate static let dropCommands = PreparedStatement(
        "drop_commands",
        """
        DELETE FROM end_commands WHERE conversation = ANY (ARRAY(
            SELECT e.conversation FROM end_commands e
            WHERE coalesce((SELECT c.ended_at IS NOT NULL FROM conversations c WHERE c.id = e.conversation), true)
            LIMIT $1::bigint FOR UPDATE OF e SKIP LOCKED
        ))
        """)

    /// Waits for the end of each, for half a second at most; false if one did not end.
    fileprivate static let terminateSessions = PreparedStatement(
        "terminate_sessions",
        """
        SELECT coalesce(bool_and(pg_terminate_backend(pid, 500)), true) FROM pg_stat_activity
        WHERE datname = current_database() AND starts_with(application_name, $1) AND pid <> pg_backend_pid()
        """)

    fileprivate static let collectConversations = PreparedStatement(
        "collect_conversations", "SELECT collect_conversations_v1($1::bigint, $2::integer)")
    /// Rows are numbered in about the order in which they were written: only the first are looked at.
    fileprivate static let collectPushes = PreparedStatement(
        "collect_pushes",
        """
        DELETE FROM push_outbox WHERE number = ANY (ARRAY(
            SELECT o.number FROM (SELECT number, written FROM push_outbox ORDER BY number LIMIT $1::bigint) AS o
            WHERE o.written < now() - interval '1 day'
        ))
        """)

    /// A call's end releases its pair, so there is hardly anything to find: looks at so many rows only, from some place on,
    /// and at as many from the first on, so that small tables are seen whole.
    ///
    /// A row that another call has taken over since must stay: what is locked is compared again with what was found.
    fileprivate static let collectPairs = PreparedStatement(
        "collect_pairs",
        """
        WITH seen AS MATERIALIZED (
            (SELECT low, high, conversation FROM pairs WHERE conversation >= (SELECT gen_random_uuid())
            ORDER BY conversation LIMIT $1::bigint)
            UNION
            (SELECT low, high, conversation FROM pairs ORDER BY conversation LIMIT $1::bigint)
        ), idle AS MATERIALIZED (
            SELECT * FROM seen s
            WHERE coalesce((SELECT c.ended_at IS NOT NULL FROM conversations c WHERE c.id = s.conversation), true)
        ), locked AS MATERIALIZED (
            SELECT p.conversation FROM idle i JOIN pairs p
                ON p.low = i.low AND p.high = i.high AND p.conversation = i.conversation
            FOR UPDATE OF p SKIP LOCKED
        )
        DELETE FROM pairs WHERE conversation = ANY (ARRAY(SELECT conversation FROM locked))
        """)

    fileprivate static let preparePartitions = PreparedStatement(
        "prepare_partitions", "SELECT prepare_partitions_v1($1::integer)")
    fileprivate static let dropPartition = PreparedStatement("drop_partition", "SELECT drop_partition_v1()")

    fileprivate static let featureLevel = PreparedStatement("feature_level", PostgresFeatureLevel.query)

    /// Writes to the write-ahead log only, and is replicated like any commit.
    fileprivate static let probe = PreparedStatement(
        "probe", "SELECT pg_logical_emit_message(true, 'switchboard', ''), current_setting('synchronous_standby_names')"
    )
}

extension PostgresQuery {
    static func scanOrphans(
        living: [Incarnation], slice: Int, slices: Int, grace: Duration, limit: Int
    ) -> PostgresQuery {
        let statement = PreparedStatement.scanOrphans.bind(
            living.map(\.text), grace.spanMilliseconds, Int64(slice), Int64(max(1, slices)), Int64(max(0, limit)),
            EndCommand.patience.spanMilliseconds)
        let drop = PreparedStatement.dropCommands.bind(Int64(max(0, limit)))
        return PostgresQuery(PostgresBatch([drop, statement])) { report in
            .orphans(
                try report.rows(1).map { row in
                    Orphan(
                        conversation: try row.decodeConversation(0), leader: try row.decodeIncarnation(1),
                        command: try row.decodeIfPresent(2, as: String.self).map(EndReason.init(stored:)))
                })
        }
    }

    static func terminateSessions(of incarnation: Incarnation) -> PostgresQuery {
        let prefix = SessionName(incarnation).prefix
        return PostgresQuery(PostgresBatch([PreparedStatement.terminateSessions.bind(prefix)])) { report in
            guard try report.rows(0).first?.decode(0) == true else {
                return .unavailable(reason: "sessions of \(incarnation) have not ended yet")
            }
            return .done
        }
    }

    /// A transaction each: a lock that the partitions cannot get undoes no deletion.
    static func collect(
        endedBefore age: Duration, limit: Int, partitionDaysAhead days: Int, timeLimit: Duration
    ) -> PostgresQuery {
        let statements: [PostgresStatement] = [
            PreparedStatement.collectConversations.bind(age.spanMilliseconds, Int32(clamping: max(0, limit))),
            PreparedStatement.collectPushes.bind(Int64(max(0, limit))),
            PreparedStatement.collectPairs.bind(Int64(max(0, limit))),
            PreparedStatement.preparePartitions.bind(Int32(clamping: days)),
            PreparedStatement.dropPartition.bind(),
        ]
        let batch = PostgresBatch(statements.flatMap { [.begin, $0, .commit] }, answerTimeLimit: timeLimit)
        return PostgresQuery(batch) { _ in .done }
    }

    static func preparePartitions(daysAhead: Int) -> PostgresQuery {
        PostgresQuery(.transaction([PreparedStatement.preparePartitions.bind(Int32(clamping: daysAhead))])) { _ in .done
        }
    }

    static func readFeatureLevel() -> PostgresQuery {
        PostgresQuery(PostgresBatch([PreparedStatement.featureLevel.bind()])) { report in
            .featureLevel(try report.rows(0).decodeFeatureLevel())
        }
    }

    static func probe(allowsUnreplicated: Bool) -> PostgresQuery {
        PostgresQuery(.transaction([PreparedStatement.probe.bind()])) { report in
            let standbys: String? = try report.rows(PostgresBatch.resultIndex(inTransaction: 0)).first?.decode(1)
            if standbys?.isEmpty != false, !allowsUnreplicated {
                return .unavailable(reason: ServerRefusal.unreplicated.description)
            }
            if report.isReplicationUncertain {
                return .unavailable(reason: "the standby has not confirmed a commit; its wait was cancelled")
            }
            return .done
        }
    }
}
