-- Begins a call, or tells what is known of its key: the state, and the recorded call and answer.
CREATE FUNCTION begin_call(
  the_account text, the_route text, the_key text, the_fingerprint text, the_id text,
  the_seed bigint, the_engine text, the_attempt text, seconds double precision,
  retention double precision
) RETURNS TABLE (
  state text, fingerprint text, id text, seed bigint, engine text, answer text
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  time double precision := store_time();
  known idempotency;
BEGIN
  LOOP
    -- The constraint decides, and waits for another attempt whose transaction has not ended.
    INSERT INTO idempotency (account, route, key, fingerprint, id, seed, engine, attempt, until,
      forget_at)
    VALUES (the_account, the_route, the_key, the_fingerprint, the_id, the_seed, the_engine,
      the_attempt, time + seconds, time + retention)
    ON CONFLICT (account, route, key) DO NOTHING;
    IF FOUND THEN
      RETURN QUERY SELECT 'begun', the_fingerprint, the_id, the_seed, the_engine, NULL;
      RETURN;
    END IF;
    SELECT * INTO known FROM idempotency
    WHERE account = the_account AND route = the_route AND key = the_key FOR UPDATE;
    CONTINUE WHEN NOT FOUND;
    EXIT WHEN known.forget_at >= time;
    DELETE FROM idempotency
    WHERE account = the_account AND route = the_route AND key = the_key;
  END LOOP;
  RETURN QUERY SELECT
    CASE
      WHEN known.fingerprint <> the_fingerprint THEN 'otherRequest'
      WHEN known.answer IS NOT NULL THEN 'answered'
      WHEN known.attempt <> the_attempt
        AND known.until BETWEEN time AND time + 2 * seconds THEN 'running'
      WHEN known.was_sent THEN 'uncertain'
      ELSE 'begun'
    END,
    known.fingerprint, known.id, known.seed, known.engine, known.answer;
  UPDATE idempotency SET attempt = the_attempt, until = time + seconds
  WHERE account = the_account AND route = the_route AND key = the_key
    AND known.fingerprint = the_fingerprint AND known.answer IS NULL AND NOT known.was_sent
    AND (known.attempt = the_attempt OR known.until NOT BETWEEN time AND time + 2 * seconds);
END $$;
