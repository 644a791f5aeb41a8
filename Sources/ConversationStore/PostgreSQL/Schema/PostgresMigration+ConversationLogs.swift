extension PostgresMigration {
    /// Conversations, their logs, presence.
    static let conversationLogs = PostgresMigration(
        version: 1,
        name: "conversation logs and presence",
        statements: [
            """
            CREATE TABLE conversations (
                id uuid PRIMARY KEY,
                born date NOT NULL,
                caller text NOT NULL,
                callee text,
                leader text NOT NULL,
                epoch integer NOT NULL,
                ended_at timestamptz,
                deadline timestamptz
            )
            """,
            "CREATE INDEX conversations_by_caller ON conversations (caller) WHERE ended_at IS NULL",
            """
            CREATE INDEX conversations_by_callee ON conversations (callee)
                WHERE ended_at IS NULL AND callee IS NOT NULL
            """,
            "CREATE INDEX conversations_by_leader ON conversations (leader) WHERE ended_at IS NULL",
            """
            CREATE INDEX conversations_by_deadline ON conversations (deadline)
                WHERE ended_at IS NULL AND deadline IS NOT NULL
            """,
            "CREATE INDEX conversations_by_end ON conversations (ended_at) WHERE ended_at IS NOT NULL",
            "CREATE INDEX conversations_by_day ON conversations (born)",
            // The key is the fence. It must hold the partition's column, hence the day that is fixed once in
            // `conversations`: with a day from a clock the same index could be taken twice around midnight.
            """
            CREATE TABLE log (
                born date NOT NULL,
                conversation uuid NOT NULL,
                index integer NOT NULL,
                counter bigint NOT NULL,
                written timestamptz NOT NULL DEFAULT clock_timestamp(),
                checkpoint boolean NOT NULL,
                incarnation text NOT NULL,
                body bytea NOT NULL,
                PRIMARY KEY (born, conversation, index)
            ) PARTITION BY RANGE (born)
            """,
            // Takes what no day's partition takes, so that an append never fails for want of one.
            "CREATE TABLE log_default PARTITION OF log DEFAULT",
            """
            CREATE TABLE presence (
                user_id text NOT NULL,
                device text NOT NULL,
                incarnation text NOT NULL,
                connection bigint NOT NULL,
                counter bigint NOT NULL,
                PRIMARY KEY (user_id, device, incarnation, connection)
            )
            """,
            "CREATE INDEX presence_by_incarnation ON presence (incarnation)",
            // The one place that reads the calendar.
            """
            CREATE FUNCTION log_day() RETURNS date LANGUAGE sql STABLE AS
            $$ SELECT (statement_timestamp() AT TIME ZONE 'UTC')::date $$
            """,
            PostgresFunctions.commitBatch,
            PostgresFunctions.preparePartitions,
            PostgresFunctions.collectConversations,
            PostgresFunctions.dropPartition,
        ])
}
