-- Leases the next job of a kind. A row in the state `failed` is a job that was given up: the caller
-- asks again, so that no transaction locks the accounts of two jobs.
CREATE FUNCTION lease_job(
  the_lease text, seconds double precision, most_crashes bigint, is_at_upstream boolean
) RETURNS SETOF job LANGUAGE plpgsql AS $$
DECLARE
  time double precision := store_time();
  the_job job;
  head job;
  expired record;
BEGIN
  SELECT job.* INTO the_job FROM lease JOIN job ON job.number = lease.job
  WHERE lease.id = the_lease;
  IF FOUND THEN
    UPDATE lease SET until = time + seconds WHERE id = the_lease;
    IF FOUND THEN
      RETURN NEXT the_job;
      RETURN;
    END IF;
  END IF;
  SELECT * INTO head FROM job WHERE state = 'queued' AND at_upstream = is_at_upstream
  ORDER BY turn, number LIMIT 1;
  -- A lease that ends later than any valid one is of a clock that was set back.
  FOR expired IN
    SELECT job, turn FROM (
      SELECT job, turn FROM lease WHERE at_upstream = is_at_upstream AND until < time
      UNION ALL
      SELECT job, turn FROM lease WHERE at_upstream = is_at_upstream AND until > time + 2 * seconds
    ) AS leases ORDER BY turn, job
  LOOP
    EXIT WHEN (head.turn, head.number) < (expired.turn, expired.job);
    SELECT * INTO the_job FROM job WHERE number = expired.job AND state = 'processing'
    FOR UPDATE SKIP LOCKED;
    CONTINUE WHEN NOT FOUND;
    DELETE FROM lease WHERE job = the_job.number AND (until < time OR until > time + 2 * seconds);
    -- Not found if it was renewed meanwhile.
    IF FOUND THEN
      RETURN NEXT take_job(the_job, the_lease, time + seconds, most_crashes);
      RETURN;
    END IF;
  END LOOP;
  SELECT * INTO the_job FROM job WHERE state = 'queued' AND at_upstream = is_at_upstream
  ORDER BY turn, number LIMIT 1 FOR UPDATE SKIP LOCKED;
  IF FOUND THEN
    RETURN NEXT take_job(the_job, the_lease, time + seconds, most_crashes);
  END IF;
END $$;

-- Leases a job that the caller has locked, or gives it up if it crashed too many servers. A job that
-- is still `processing` has lost a server, and comes eight turns later from now on.
CREATE FUNCTION take_job(
  the_job job, the_lease text, the_end double precision, most_crashes bigint
) RETURNS job LANGUAGE plpgsql AS $$
DECLARE
  is_crash boolean := the_job.state = 'processing';
  crashes bigint := the_job.deaths + is_crash::int;
BEGIN
  IF crashes >= most_crashes THEN
    PERFORM end_job(the_job, the_lease, NULL,
      'given up: ' || crashes || ' servers ended while they worked on it');
  ELSE
    INSERT INTO lease (id, job, at_upstream, turn, until, progress)
    VALUES (the_lease, the_job.number, the_job.at_upstream, the_job.turn + 8 * is_crash::int,
      the_end, the_job.progress)
    ON CONFLICT (id) DO NOTHING;
    IF NOT FOUND THEN
      -- An earlier attempt with this lease was committed meanwhile. The next one finds it.
      RAISE serialization_failure;
    END IF;
    UPDATE job SET state = 'processing', lease = the_lease, attempts = attempts + 1,
      deaths = crashes, turn = turn + 8 * is_crash::int
    WHERE number = the_job.number;
  END IF;
  SELECT * INTO the_job FROM job WHERE number = the_job.number;
  RETURN the_job;
END $$;

CREATE FUNCTION record_ticket(the_id text, the_lease text, the_upstream text, the_ticket text)
RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  the_number bigint;
BEGIN
  UPDATE job SET upstream = the_upstream, ticket = the_ticket
  WHERE id = the_id AND lease = the_lease AND state = 'processing'
  RETURNING number INTO the_number;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  UPDATE lease SET at_upstream = true WHERE job = the_number AND NOT at_upstream;
  RETURN true;
END $$;

-- Queues a leased job again.
CREATE FUNCTION release_job(
  the_id text, the_lease text, counted bigint, faulty bigint, lacking bigint
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  the_number bigint;
  done double precision;
BEGIN
  SELECT number INTO the_number FROM job
  WHERE id = the_id AND lease = the_lease AND state = 'processing' FOR UPDATE;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  DELETE FROM lease WHERE job = the_number RETURNING progress INTO done;
  UPDATE job SET state = 'queued', lease = NULL, progress = coalesce(done, progress),
    attempts = attempts - 1 + counted, faults = faults + faulty, lacks = lacks + lacking,
    turn = turn + 8 * lacking
  WHERE number = the_number;
END $$;
