extension PostgresFunctions {
    /// What the pushes of a batch come to, for ``commitBatch2``: of those whose append was taken (`done`). Answers how many
    /// rows each conversation has got.
    ///
    /// An endpoint that an invite may have reached gets a cancel: its provider has taken the invite, or a node has tried. A
    /// row that was dropped is not sent again, whatever becomes of an attempt that is under way.
    static let pushSteps = """
        CREATE FUNCTION push_steps_v1(
            moment timestamptz, done uuid[], steps_in text[], conversations_in uuid[], users_in text[],
            callers_in text[], audios_in boolean[], videos_in boolean[], reasons_in text[], lifetimes_in bigint[]
        ) RETURNS TABLE (pushed uuid, pushes integer)
        LANGUAGE plpgsql AS $function$
        #variable_conflict use_column
        DECLARE
            cancelled uuid[];
            invites bigint[];
        BEGIN
            IF 'invite' = ANY (steps_in) THEN
                RETURN QUERY
                WITH made AS (
                    INSERT INTO push_outbox (conversation, kind, endpoint, user_id, provider, target, parameters, caller,
                        audio, video, expires, due, written)
                    SELECT s.conversation, 'invite', e.id, e.user_id, e.provider, e.target, e.parameters, s.caller,
                        s.audio, s.video, moment + s.lifetime * interval '1 millisecond', moment, moment
                    FROM unnest(steps_in, conversations_in, users_in, callers_in, audios_in, videos_in, lifetimes_in)
                            AS s (step, conversation, user_id, caller, audio, video, lifetime)
                        -- The order keeps it a subquery, which the planner can only run as one index lookup a row.
                        CROSS JOIN LATERAL (
                            SELECT * FROM push_endpoints p WHERE p.user_id = s.user_id ORDER BY p.id
                        ) AS e
                    WHERE s.step = 'invite' AND s.conversation = ANY (done)
                    RETURNING conversation
                )
                SELECT m.conversation, count(*)::integer FROM made m GROUP BY m.conversation;
            END IF;

            cancelled := ARRAY(
                SELECT s.conversation FROM unnest(steps_in, conversations_in) AS s (step, conversation)
                WHERE s.step = 'cancel' AND s.conversation = ANY (done)
            );
            IF cardinality(cancelled) > 0 THEN
                -- In the order in which settlements lock them too.
                invites := ARRAY(
                    SELECT o.number FROM push_outbox o
                    WHERE o.conversation = ANY (cancelled) AND o.kind = 'invite' AND o.state IN ('waiting', 'taken')
                    ORDER BY o.number FOR UPDATE
                );
            END IF;
            IF cardinality(invites) > 0 THEN
                RETURN QUERY
                WITH made AS (
                    INSERT INTO push_outbox (conversation, kind, endpoint, user_id, provider, target, parameters, caller,
                        audio, video, reason, expires, due, written)
                    SELECT DISTINCT ON (o.conversation, o.endpoint) o.conversation, 'cancel', o.endpoint, o.user_id,
                        o.provider, o.target, o.parameters, o.caller, o.audio, o.video,
                        reasons_in[array_position(conversations_in, o.conversation)],
                        moment + interval '60 seconds', moment, moment
                    FROM push_outbox o
                    WHERE o.number = ANY (invites)
                        AND (o.state = 'taken' OR o.state = 'waiting' AND o.attempts > 0)
                    ORDER BY o.conversation, o.endpoint, o.number
                    RETURNING conversation
                )
                SELECT m.conversation, count(*)::integer FROM made m GROUP BY m.conversation;
                UPDATE push_outbox o
                SET state = 'dropped', note = 'the call does not ring any more'
                WHERE o.number = ANY (invites) AND o.state = 'waiting';
            END IF;
        END
        $function$
        """
}
