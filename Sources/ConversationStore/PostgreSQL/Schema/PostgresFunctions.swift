/// The server-side functions of the first schema.
///
/// Names are not qualified: they are found by the session's `search_path`, which names the schema of the cluster.
enum PostgresFunctions {
    /// One batch: confirmations, then appends; answers with the appends that were taken, by conversation, and with the
    /// confirmations that hold, by place from 1.
    ///
    /// Tables are always touched in the order conversations, log, conversations, rows in the order of the arrays, which the
    /// caller sorts by conversation: batches of different nodes then never wait for each other in a circle. (The last
    /// step locks rows of conversations only whose log this transaction has extended, and that nobody else can have.)
    ///
    /// The predecessor is looked up in a scalar subquery, which the planner can only run as one index lookup a row; as a
    /// join it could become a scan of the whole log, planned when the table was small.
    static let commitBatch = """
        CREATE FUNCTION commit_batch_v1(
            conversations_in uuid[], indexes_in integer[], incarnations_in text[], counters_in bigint[],
            after_incarnations_in text[], after_counters_in bigint[], borns_in integer[], checkpoints_in boolean[],
            bodies_in bytea[], callers_in text[], callees_in text[], leaders_in text[], epochs_in integer[],
            ended_in boolean[], deadlines_in bigint[],
            confirmed_conversations uuid[], confirmed_indexes integer[], confirmed_incarnations text[],
            confirmed_counters bigint[], confirmed_borns integer[]
        ) RETURNS TABLE (committed uuid, committed_born integer, confirmed integer)
        LANGUAGE plpgsql AS $function$
        #variable_conflict use_column
        DECLARE
            epoch_day CONSTANT date := '1970-01-01';
            moment CONSTANT timestamptz := clock_timestamp();
        BEGIN
            IF cardinality(confirmed_conversations) > 0 THEN
                RETURN QUERY
                SELECT NULL::uuid, NULL::integer, c.place::integer
                FROM unnest(confirmed_conversations, confirmed_indexes, confirmed_incarnations, confirmed_counters,
                        confirmed_borns) WITH ORDINALITY AS c (conversation, index, incarnation, counter, born, place)
                -- True only if the range holds exactly the entry that is expected: false with another, null with none.
                WHERE (
                    SELECT bool_and(l.index = c.index AND l.incarnation = c.incarnation AND l.counter = c.counter)
                    FROM log l
                    WHERE l.born = epoch_day + c.born AND l.conversation = c.conversation
                        AND l.index BETWEEN c.index AND c.index + 1
                );
            END IF;

            IF 1 = ANY (indexes_in) THEN
                INSERT INTO conversations (id, born, caller, callee, leader, epoch, ended_at, deadline)
                SELECT a.conversation, log_day(), a.caller, a.callee, a.leader, a.epoch,
                    CASE WHEN a.ended THEN moment END, moment + a.deadline * interval '1 millisecond'
                FROM unnest(conversations_in, indexes_in, after_incarnations_in, callers_in, callees_in, leaders_in,
                        epochs_in, ended_in, deadlines_in) WITH ORDINALITY
                    AS a (conversation, index, after_incarnation, caller, callee, leader, epoch, ended, deadline, place)
                WHERE a.index = 1 AND a.after_incarnation IS NULL
                ORDER BY a.place
                ON CONFLICT DO NOTHING;
            END IF;

            -- A statement of its own, hence with a snapshot that sees a conversation that another node has just made.
            RETURN QUERY
            WITH asked AS MATERIALIZED (
                SELECT a.*,
                    CASE
                        WHEN a.index > 1 THEN (
                            SELECT p.born FROM log p
                            WHERE p.born = epoch_day + a.born_day AND p.conversation = a.conversation
                                AND p.index = a.index - 1 AND p.incarnation = a.after_incarnation
                                AND p.counter = a.after_counter
                        )
                        WHEN a.index = 1 AND a.after_incarnation IS NULL THEN (
                            SELECT c.born FROM conversations c WHERE c.id = a.conversation
                        )
                    END AS born
                FROM unnest(conversations_in, indexes_in, incarnations_in, counters_in, after_incarnations_in,
                        after_counters_in, borns_in, checkpoints_in, bodies_in, callers_in, callees_in, leaders_in,
                        epochs_in, ended_in, deadlines_in) WITH ORDINALITY
                    AS a (conversation, index, incarnation, counter, after_incarnation, after_counter, born_day,
                        checkpoint, body, caller, callee, leader, epoch, ended, deadline, place)
            ), inserted AS (
                INSERT INTO log (born, conversation, index, incarnation, counter, checkpoint, body)
                SELECT a.born, a.conversation, a.index, a.incarnation, a.counter, a.checkpoint, a.body
                FROM asked a WHERE a.born IS NOT NULL
                ORDER BY a.place
                ON CONFLICT DO NOTHING
                RETURNING conversation, index, born
            ), changed AS MATERIALIZED (
                -- Most appends leave the row as it is. A deadline that moved by less than half a second is left too:
                -- it only tells others when to look after a conversation.
                SELECT a.*
                FROM asked a JOIN conversations c ON c.id = a.conversation
                WHERE c.leader <> a.leader OR c.epoch <> a.epoch OR (c.ended_at IS NOT NULL) <> a.ended
                    OR c.caller <> a.caller OR c.callee IS DISTINCT FROM a.callee
                    OR (c.deadline IS NULL) <> (a.deadline IS NULL)
                    OR c.deadline NOT BETWEEN moment + (a.deadline - 500) * interval '1 millisecond'
                        AND moment + (a.deadline + 500) * interval '1 millisecond'
            ), updated AS (
                UPDATE conversations c
                SET caller = a.caller, callee = a.callee, leader = a.leader, epoch = a.epoch,
                    ended_at = CASE WHEN a.ended THEN coalesce(c.ended_at, moment) END,
                    deadline = moment + a.deadline * interval '1 millisecond'
                FROM changed a
                WHERE c.id = a.conversation AND a.conversation IN (SELECT i.conversation FROM inserted i)
            )
            SELECT i.conversation, i.born - epoch_day, NULL::integer FROM inserted i;

            -- A read of a server that has been replaced without knowing it would confirm what is not true any more. A
            -- transaction that writes must be replicated before its commit returns, so a confirmation writes, if only
            -- a record to the write-ahead log.
            IF NOT FOUND AND cardinality(confirmed_conversations) > 0 THEN
                PERFORM pg_logical_emit_message(true, 'switchboard', '');
            END IF;
        END
        $function$
        """

    /// Makes the partitions of yesterday, today and some days ahead; answers how many.
    ///
    /// Attaching takes a lock that readers and writers do not mind, except for a moment on the default partition; making
    /// a table as a partition at once would lock them all out. A day of which the default partition holds rows already
    /// stays there.
    static let preparePartitions = """
        CREATE FUNCTION prepare_partitions_v1(days_ahead integer) RETURNS integer
        LANGUAGE plpgsql AS $function$
        DECLARE
            day date;
            partition text;
            made integer := 0;
        BEGIN
            PERFORM pg_advisory_xact_lock(hashtext(current_schema() || '.log partitions'));
            FOR day IN SELECT log_day() + offset_days FROM generate_series(-1, days_ahead) AS offset_days LOOP
                partition := 'log_' || to_char(day, 'YYYYMMDD');
                CONTINUE WHEN to_regclass(partition) IS NOT NULL;
                BEGIN
                    PERFORM set_config('lock_timeout', '200ms', true);
                    EXECUTE format('CREATE TABLE %I (LIKE log INCLUDING DEFAULTS)', partition);
                    EXECUTE format(
                        'ALTER TABLE log ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', partition, day, day + 1);
                    made := made + 1;
                EXCEPTION WHEN check_violation OR lock_not_available THEN
                    NULL;
                END;
            END LOOP;
            RETURN made;
        END
        $function$
        """

    /// Deletes rows of conversations that ended so many milliseconds ago, at most so many; answers how many.
    ///
    /// Their logs stay until their partition goes, so a row stays at least until the day has changed: an id that is used
    /// again then gets another day, and never meets the older log.
    static let collectConversations = """
        CREATE FUNCTION collect_conversations_v1(age bigint, most integer) RETURNS integer
        LANGUAGE plpgsql AS $function$
        DECLARE
            deleted integer;
        BEGIN
            DELETE FROM conversations
            WHERE id = ANY (ARRAY(
                SELECT id FROM conversations
                WHERE ended_at <= now() - age * interval '1 millisecond' AND born < log_day()
                ORDER BY ended_at LIMIT most
                FOR UPDATE SKIP LOCKED
            ));
            GET DIAGNOSTICS deleted = ROW_COUNT;
            RETURN deleted;
        END
        $function$
        """

    /// Drops the oldest partition of which no conversation is left, if there is one; answers whether it did.
    ///
    /// One at a time and with a short lock timeout, for it locks out all appends until it has committed. Days that could
    /// still get a first entry around midnight are left alone.
    static let dropPartition = """
        CREATE FUNCTION drop_partition_v1() RETURNS boolean
        LANGUAGE plpgsql AS $function$
        DECLARE
            day date;
            partition text;
        BEGIN
            IF NOT pg_try_advisory_xact_lock(hashtext(current_schema() || '.log partitions')) THEN
                RETURN false;
            END IF;
            DELETE FROM log_default l
            WHERE l.born < log_day() - 1 AND NOT EXISTS (SELECT FROM conversations c WHERE c.id = l.conversation);
            FOR partition, day IN
                SELECT c.relname, to_date(right(c.relname, 8), 'YYYYMMDD')
                FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
                WHERE i.inhparent = 'log'::regclass AND c.relname ~ '^log_[0-9]{8}$'
                ORDER BY c.relname
            LOOP
                EXIT WHEN day >= log_day() - 1;
                CONTINUE WHEN EXISTS (SELECT FROM conversations c WHERE c.born = day);
                BEGIN
                    PERFORM set_config('lock_timeout', '200ms', true);
                    EXECUTE format('DROP TABLE %I', partition);
                    RETURN true;
                EXCEPTION WHEN lock_not_available THEN
                    RETURN false;
                END;
            END LOOP;
            RETURN false;
        END
        $function$
        """
}
