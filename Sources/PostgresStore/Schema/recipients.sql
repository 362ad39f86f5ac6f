-- Version 1.1: a call that was sent to someone who promised to do it once is sent there again.

-- Whom a call was sent to, and until when that one does it once; null if it did not promise so, or if
-- a server of version 1.0 sent the call.
ALTER TABLE idempotency ADD COLUMN sent_to text, ADD COLUMN sent_until double precision;

-- As begin_call, which servers of version 1.0 call: for them, every call that was sent is uncertain.
CREATE FUNCTION begin_or_resume_call(
  the_account text, the_route text, the_key text, the_fingerprint text, the_id text,
  the_seed bigint, the_engine text, the_attempt text, seconds double precision,
  retention double precision
) RETURNS TABLE (
  state text, fingerprint text, id text, seed bigint, engine text, answer text, sent_to text
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
  begun record;
  recipient text;
BEGIN
  SELECT * INTO begun FROM begin_call(the_account, the_route, the_key, the_fingerprint, the_id,
    the_seed, the_engine, the_attempt, seconds, retention);
  -- Then the row is locked, and its attempt is over.
  IF begun.state = 'uncertain' THEN
    UPDATE idempotency SET attempt = the_attempt, until = store_time() + seconds
    WHERE account = the_account AND route = the_route AND key = the_key
      AND sent_to IS NOT NULL AND sent_until >= store_time()
    RETURNING sent_to INTO recipient;
  END IF;
  RETURN QUERY SELECT CASE WHEN recipient IS NULL THEN begun.state ELSE 'sent' END,
    begun.fingerprint, begun.id, begun.seed, begun.engine, begun.answer, recipient;
END $$;
