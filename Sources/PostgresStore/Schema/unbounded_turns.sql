-- Version 1.1: a call without a capacity takes a slot, and gives none to those who wait.

-- Asks for a slot: `granted`, `waiting` or `refused`. Also returns whether somebody else's ticket was
-- granted. Without a capacity, the caller alone gets a slot.
CREATE OR REPLACE FUNCTION enter_turn(
  the_id text, the_pool text, the_account text, the_server text, capacity bigint,
  account_bound bigint, bound bigint
) RETURNS TABLE (state text, has_granted boolean) LANGUAGE plpgsql AS $$
DECLARE
  mine turn_ticket;
  others bigint;
  the_turn bigint;
  head bigint;
  is_unbounded boolean := capacity = 9223372036854775807;
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
    SELECT coalesce(max(turn), 0) INTO head FROM turn_ticket WHERE pool = the_pool AND is_granted;
    SELECT coalesce(max(turn), 0) + 1 INTO the_turn FROM turn_ticket
    WHERE pool = the_pool AND account = the_account;
    INSERT INTO turn_ticket (id, pool, account, server, turn, is_granted)
    VALUES (the_id, the_pool, the_account, the_server,
      CASE WHEN is_unbounded THEN head ELSE greatest(the_turn, head) END, is_unbounded);
  END IF;
  IF is_unbounded THEN
    RETURN QUERY SELECT 'granted', false;
    RETURN;
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
