-- Whoever changes tickets of a pool locks it, for the time of a commit that is not synced.

CREATE FUNCTION keep_turns(the_server text, the_seconds double precision) RETURNS void
LANGUAGE sql AS $$
  INSERT INTO turn_server (id, seconds, until)
  VALUES (the_server, the_seconds, store_time() + the_seconds)
  ON CONFLICT (id) DO UPDATE SET seconds = excluded.seconds, until = excluded.until
$$;

-- Whether a server has said lately that it lives.
CREATE FUNCTION is_alive(the_server text) RETURNS boolean LANGUAGE sql AS $$
  SELECT EXISTS (SELECT FROM turn_server WHERE id = the_server
    AND until BETWEEN store_time() AND store_time() + 2 * seconds)
$$;

-- Asks for a slot: `granted`, `waiting` or `refused`. Also returns whether somebody else's ticket was
-- granted.
CREATE FUNCTION enter_turn(
  the_id text, the_pool text, the_account text, the_server text, capacity bigint,
  account_bound bigint, bound bigint
) RETURNS TABLE (state text, has_granted boolean) LANGUAGE plpgsql AS $$
DECLARE
  mine turn_ticket;
  others bigint;
  the_turn bigint;
  head bigint;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended(the_pool, 3));
  -- Whoever asks is alive.
  IF NOT is_alive(the_server) THEN
    PERFORM keep_turns(the_server, 30);
  END IF;
  IF EXISTS (SELECT FROM turn_left WHERE id = the_id) THEN
    RETURN QUERY SELECT 'refused', false;
    RETURN;
  END IF;
  PERFORM FROM turn_ticket WHERE id = the_id;
  IF NOT FOUND THEN
    -- The turn that is served now: an account that comes back goes before one that has many waiting.
    SELECT max(turn) INTO head FROM turn_ticket WHERE pool = the_pool AND is_granted;
    SELECT coalesce(max(turn), 0) + 1 INTO the_turn FROM turn_ticket
    WHERE pool = the_pool AND account = the_account;
    INSERT INTO turn_ticket (id, pool, account, server, turn, is_granted)
    VALUES (the_id, the_pool, the_account, the_server, greatest(the_turn, coalesce(head, 0)), false);
  END IF;
  others := grant_turns(the_pool, capacity, the_id);
  SELECT * INTO mine FROM turn_ticket WHERE id = the_id;
  IF mine.is_granted THEN
    RETURN QUERY SELECT 'granted', others > 0;
    RETURN;
  END IF;
  -- A ticket that came before is never refused: those before it are fewer than the bounds.
  IF (SELECT count(*) FROM (SELECT FROM turn_ticket WHERE pool = the_pool AND NOT is_granted
      AND number < mine.number LIMIT bound) AS waiting) >= bound
    OR (SELECT count(*) FROM (SELECT FROM turn_ticket WHERE pool = the_pool
      AND account = the_account AND NOT is_granted AND number < mine.number LIMIT account_bound)
      AS waiting) >= account_bound
  THEN
    DELETE FROM turn_ticket WHERE id = the_id;
    RETURN QUERY SELECT 'refused', others > 0;
    RETURN;
  END IF;
  RETURN QUERY SELECT 'waiting', others > 0;
END $$;

-- Frees the slot of a ticket or its place. Returns whether somebody else's ticket was granted.
CREATE FUNCTION leave_turn(the_id text, the_pool text, capacity bigint) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
  time double precision := store_time();
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended(the_pool, 3));
  DELETE FROM turn_ticket WHERE id = the_id;
  IF NOT FOUND THEN
    -- An attempt to enter may still be on its way here, whose caller has gone.
    INSERT INTO turn_left (id, until) VALUES (the_id, time + 60) ON CONFLICT (id) DO NOTHING;
    DELETE FROM turn_left WHERE until NOT BETWEEN time AND time + 60;
  END IF;
  RETURN grant_turns(the_pool, capacity, the_id) > 0;
END $$;

-- Frees what dead servers have, and gives free slots to those whose turn it is. Returns how many
-- tickets other than one were granted.
CREATE FUNCTION grant_turns(the_pool text, capacity bigint, the_id text) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
  free bigint;
  granted bigint;
BEGIN
  DELETE FROM turn_ticket WHERE pool = the_pool AND server IN (
    SELECT server FROM turn_ticket WHERE pool = the_pool GROUP BY server
    HAVING NOT is_alive(server));
  SELECT capacity - count(*) INTO free FROM turn_ticket WHERE pool = the_pool AND is_granted;
  IF free <= 0 THEN
    RETURN 0;
  END IF;
  WITH next AS (
    UPDATE turn_ticket SET is_granted = true WHERE id IN (
      SELECT id FROM turn_ticket WHERE pool = the_pool AND NOT is_granted
      ORDER BY turn, number LIMIT free)
    RETURNING id
  ) SELECT count(*) FILTER (WHERE id <> the_id) INTO granted FROM next;
  RETURN granted;
END $$;
