CREATE FUNCTION schedule_removal(the_prefix text, seconds double precision) RETURNS void
LANGUAGE sql AS $$
  INSERT INTO removal (prefix, due) VALUES (the_prefix, store_time() + seconds)
  ON CONFLICT (prefix) DO UPDATE SET due = greatest(removal.due, excluded.due)
$$;

CREATE FUNCTION add_link_key(the_id text, the_bytes bytea, is_first boolean) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  -- Of several servers that start at once, one adds the first key.
  PERFORM pg_advisory_xact_lock(hashtextextended('link_key', 2));
  INSERT INTO link_key (id, bytes, created_at)
  SELECT the_id, the_bytes, store_time()
  WHERE NOT (is_first AND EXISTS (SELECT FROM link_key))
  ON CONFLICT (id) DO NOTHING;
END $$;

CREATE FUNCTION lead_task(the_task text, the_server text, seconds double precision)
RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  time double precision := store_time();
BEGIN
  INSERT INTO leader (task, server, until) VALUES (the_task, the_server, time + seconds)
  ON CONFLICT (task) DO UPDATE SET server = excluded.server, until = excluded.until
  WHERE leader.server = excluded.server OR leader.until < time
    OR leader.until > time + 2 * seconds;
  RETURN FOUND;
END $$;
