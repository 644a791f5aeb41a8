extension PostgresMigration {
    /// Pairs, commands to end, pushes, settings of the cluster.
    ///
    /// Names of people and endpoints compare by their bytes: an index over them survives an upgrade of the system's
    /// collations, and so does the rule that a pair has one row.
    static let calls = PostgresMigration(
        version: 2,
        name: "pairs, commands to end, pushes and settings",
        statements: [
            // Room on each page, so that a pickup does not touch the indexes.
            """
            CREATE TABLE pairs (
                low text COLLATE "C" NOT NULL,
                high text COLLATE "C" NOT NULL,
                conversation uuid NOT NULL,
                caller text NOT NULL,
                audio boolean NOT NULL,
                video boolean NOT NULL,
                accepted boolean NOT NULL DEFAULT false,
                PRIMARY KEY (low, high)
            ) WITH (fillfactor = 80)
            """,
            "CREATE INDEX pairs_by_conversation ON pairs (conversation)",
            """
            CREATE TABLE end_commands (
                conversation uuid PRIMARY KEY,
                reason text NOT NULL,
                written timestamptz NOT NULL DEFAULT clock_timestamp()
            )
            """,
            """
            CREATE TABLE push_endpoints (
                id text COLLATE "C" PRIMARY KEY,
                user_id text COLLATE "C" NOT NULL,
                provider text NOT NULL,
                target text NOT NULL,
                parameters text NOT NULL,
                registered timestamptz NOT NULL DEFAULT clock_timestamp()
            )
            """,
            "CREATE INDEX push_endpoints_by_user ON push_endpoints (user_id, id)",
            // `due` of a row that is taken is the end of its lease: one index finds what can be taken, and when.
            """
            CREATE TABLE push_outbox (
                number bigserial PRIMARY KEY,
                conversation uuid NOT NULL,
                kind text NOT NULL,
                endpoint text COLLATE "C" NOT NULL,
                user_id text COLLATE "C" NOT NULL,
                provider text NOT NULL,
                target text NOT NULL,
                parameters text NOT NULL,
                caller text,
                audio boolean,
                video boolean,
                reason text,
                expires timestamptz NOT NULL,
                due timestamptz NOT NULL,
                claimed_by text,
                claimed_until timestamptz,
                attempts integer NOT NULL DEFAULT 0,
                state text NOT NULL DEFAULT 'waiting',
                note text,
                written timestamptz NOT NULL DEFAULT clock_timestamp()
            )
            """,
            "CREATE INDEX push_outbox_due ON push_outbox (due, number) WHERE state = 'waiting'",
            "CREATE INDEX push_outbox_dead ON push_outbox (number) WHERE state = 'dead'",
            "CREATE INDEX push_outbox_by_conversation ON push_outbox (conversation)",
            // Whoever brings an older database up to date may still run older nodes on it; a new one gets its level from
            // ``PostgresMigrations``.
            "CREATE TABLE cluster_settings (name text PRIMARY KEY, value text NOT NULL)",
            "INSERT INTO cluster_settings (name, value) VALUES ('feature_level', '1')",
            PostgresFunctions.pushSteps,
            PostgresFunctions.commitBatch2,
        ])
}
