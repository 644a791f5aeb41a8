extension PostgresFunctions {
    /// One batch: confirmations, then appends, each with its row of a pair, its pushes and its command to end. Answers a row
    /// for each outcome: `confirmed` with the confirmation's place from 1; `committed` with the day; `blocked` with the
    /// pair's holder; `pushed` with the number of pushes. A batch names each conversation and each pair once only.
    ///
    /// Tables are always touched in the order pairs, conversations, log, conversations, pairs (rows that are locked already),
    /// push_outbox, end_commands; rows in the order of the arrays, which the caller sorts: appends by conversation, steps of
    /// pairs by pair. Batches of different nodes then never wait for each other in a circle.
    ///
    /// A row of a pair is locked before it is known whether its append will be taken. A new one is made at once, for there is
    /// nothing else to lock, and unmade if the append was not taken.
    static let commitBatch2 = """
        CREATE FUNCTION commit_batch_v2(
            conversations_in uuid[], indexes_in integer[], incarnations_in text[], counters_in bigint[],
            after_incarnations_in text[], after_counters_in bigint[], borns_in integer[], checkpoints_in boolean[],
            bodies_in bytea[], callers_in text[], callees_in text[], leaders_in text[], epochs_in integer[],
            ended_in boolean[], deadlines_in bigint[],
            confirmed_conversations uuid[], confirmed_indexes integer[], confirmed_incarnations text[],
            confirmed_counters bigint[], confirmed_borns integer[],
            pair_steps text[], pair_conversations uuid[], pair_lows text[], pair_highs text[], pair_replaced uuid[],
            pair_callers text[], pair_audios boolean[], pair_videos boolean[],
            push_steps text[], push_conversations uuid[], push_users text[], push_callers text[],
            push_audios boolean[], push_videos boolean[], push_reasons text[], push_lifetimes bigint[],
            command_conversations uuid[], command_targets uuid[], command_reasons text[]
        ) RETURNS TABLE (
            outcome text, subject uuid, amount integer, holder uuid, holder_caller text, holder_audio boolean,
            holder_video boolean, holder_accepted boolean
        )
        LANGUAGE plpgsql AS $function$
        #variable_conflict use_column
        DECLARE
            epoch_day CONSTANT date := '1970-01-01';
            moment CONSTANT timestamptz := clock_timestamp();
            place integer;
            standing pairs%ROWTYPE;
            made uuid[] := '{}';
            overtaken integer[] := '{}';
            blocked uuid[] := '{}';
            done uuid[];
            days integer[];
        BEGIN
        \(confirmPart)
        \(lockPairsPart)
        \(appendPart)
        \(settlePairsPart)
            IF cardinality(push_steps) > 0 THEN
                RETURN QUERY
                SELECT 'pushed', p.pushed, p.pushes, NULL::uuid, NULL::text, NULL::boolean, NULL::boolean, NULL::boolean
                FROM push_steps_v1(moment, done, push_steps, push_conversations, push_users, push_callers, push_audios,
                    push_videos, push_reasons, push_lifetimes) AS p;
            END IF;
        \(commandsPart)
        END
        $function$
        """

    private static let confirmPart = """
            IF cardinality(confirmed_conversations) > 0 THEN
                RETURN QUERY
                SELECT 'confirmed', NULL::uuid, c.place::integer, NULL::uuid, NULL::text, NULL::boolean, NULL::boolean,
                    NULL::boolean
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
        """

    /// Each statement has a snapshot of its own: behind a lock it sees what the one who held it has committed, the end of a
    /// call too.
    private static let lockPairsPart = """
            FOR place IN 1 .. cardinality(pair_steps) LOOP
                IF pair_steps[place] IN ('accept', 'release') THEN
                    PERFORM FROM pairs p
                    WHERE p.low = pair_lows[place] AND p.high = pair_highs[place] FOR UPDATE;
                    CONTINUE;
                END IF;
                LOOP
                    INSERT INTO pairs (low, high, conversation, caller, audio, video)
                    VALUES (pair_lows[place], pair_highs[place], pair_conversations[place], pair_callers[place],
                        pair_audios[place], pair_videos[place])
                    ON CONFLICT DO NOTHING;
                    IF FOUND THEN
                        made := made || pair_conversations[place];
                        EXIT;
                    END IF;
                    SELECT * INTO standing FROM pairs p
                    WHERE p.low = pair_lows[place] AND p.high = pair_highs[place] FOR UPDATE;
                    -- Released between the two statements: there is room now.
                    CONTINUE WHEN NOT FOUND;
                    EXIT WHEN standing.conversation = pair_conversations[place];
                    IF standing.conversation IS DISTINCT FROM pair_replaced[place] AND EXISTS (
                        SELECT FROM conversations c WHERE c.id = standing.conversation AND c.ended_at IS NULL
                    ) THEN
                        blocked := blocked || pair_conversations[place];
                        RETURN QUERY SELECT 'blocked', pair_conversations[place], NULL::integer,
                            standing.conversation, standing.caller, standing.audio, standing.video, standing.accepted;
                    ELSE
                        overtaken := overtaken || place;
                    END IF;
                    EXIT;
                END LOOP;
            END LOOP;
        """

    /// As in ``commitBatch``, but for appends that are blocked.
    private static let appendPart = """
            IF 1 = ANY (indexes_in) THEN
                INSERT INTO conversations (id, born, caller, callee, leader, epoch, ended_at, deadline)
                SELECT a.conversation, log_day(), a.caller, a.callee, a.leader, a.epoch,
                    CASE WHEN a.ended THEN moment END, moment + a.deadline * interval '1 millisecond'
                FROM unnest(conversations_in, indexes_in, after_incarnations_in, callers_in, callees_in, leaders_in,
                        epochs_in, ended_in, deadlines_in) WITH ORDINALITY
                    AS a (conversation, index, after_incarnation, caller, callee, leader, epoch, ended, deadline, place)
                WHERE a.index = 1 AND a.after_incarnation IS NULL AND a.conversation <> ALL (blocked)
                ORDER BY a.place
                ON CONFLICT DO NOTHING;
            END IF;

            -- A statement of its own, hence with a snapshot that sees a conversation that another node has just made.
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
                WHERE a.conversation <> ALL (blocked)
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
            SELECT coalesce(array_agg(i.conversation), '{}'), coalesce(array_agg(i.born - epoch_day), '{}')
            INTO done, days FROM inserted i;

            RETURN QUERY
            SELECT 'committed', d.conversation, d.day, NULL::uuid, NULL::text, NULL::boolean, NULL::boolean,
                NULL::boolean
            FROM unnest(done, days) AS d (conversation, day);

            -- A read of a server that has been replaced without knowing it would confirm what is not true any more. A
            -- transaction that writes must be replicated before its commit returns, so a confirmation writes, if only
            -- a record to the write-ahead log.
            IF cardinality(done) = 0 AND cardinality(confirmed_conversations) > 0 THEN
                PERFORM pg_logical_emit_message(true, 'switchboard', '');
            END IF;
        """

    private static let settlePairsPart = """
            IF cardinality(pair_steps) > 0 THEN
                DELETE FROM pairs p
                WHERE p.conversation = ANY (ARRAY(
                    SELECT s.conversation FROM unnest(pair_steps, pair_conversations) AS s (step, conversation)
                    WHERE s.step = 'release' AND s.conversation = ANY (done)
                    UNION ALL
                    SELECT m.conversation FROM unnest(made) AS m (conversation) WHERE m.conversation <> ALL (done)
                ));
                IF 'accept' = ANY (pair_steps) THEN
                    UPDATE pairs p SET accepted = true
                    WHERE NOT p.accepted AND p.conversation = ANY (ARRAY(
                        SELECT s.conversation FROM unnest(pair_steps, pair_conversations) AS s (step, conversation)
                        WHERE s.step = 'accept' AND s.conversation = ANY (done)
                    ));
                END IF;
                FOREACH place IN ARRAY overtaken LOOP
                    CONTINUE WHEN pair_conversations[place] <> ALL (done);
                    UPDATE pairs p
                    SET conversation = pair_conversations[place], caller = pair_callers[place],
                        audio = pair_audios[place], video = pair_videos[place], accepted = false
                    WHERE p.low = pair_lows[place] AND p.high = pair_highs[place];
                END LOOP;
            END IF;
        """

    /// A command that is written while the call ends elsewhere stays behind; a scan deletes it.
    private static let commandsPart = """
            IF cardinality(command_targets) > 0 THEN
                INSERT INTO end_commands (conversation, reason, written)
                SELECT s.target, s.reason, moment
                FROM unnest(command_conversations, command_targets, command_reasons)
                    AS s (conversation, target, reason)
                WHERE s.conversation = ANY (done)
                    AND (SELECT c.ended_at IS NULL FROM conversations c WHERE c.id = s.target)
                ORDER BY s.target
                ON CONFLICT DO NOTHING;
            END IF;
            IF true = ANY (ended_in) THEN
                DELETE FROM end_commands e
                WHERE e.conversation = ANY (ARRAY(
                    SELECT a.conversation FROM unnest(conversations_in, ended_in) AS a (conversation, ended)
                    WHERE a.ended AND a.conversation = ANY (done)
                ));
            END IF;
        """
}
