-- Version 1.1: jobs of several owners are added together, and the search for the next job begins where
-- the queue is.

-- The turn of the job that was leased last, by kind. A search that begins here does not read again the
-- index entries of all jobs that were leased before, which stay while somebody holds a snapshot. A hint:
-- a sequence is outside of transactions, so a job whose transaction met a lease may be before it, until a
-- search of the whole queue finds it.
CREATE SEQUENCE queue_turn_here MINVALUE 0 START 0;
CREATE SEQUENCE queue_turn_at_upstream MINVALUE 0 START 0;

CREATE FUNCTION queue_turn(is_at_upstream boolean) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
  IF is_at_upstream THEN
    RETURN (SELECT last_value FROM queue_turn_at_upstream);
  END IF;
  RETURN (SELECT last_value FROM queue_turn_here);
END $$;

-- The first turn that a new job of a kind may have: that of the first job in the queue, and later than
-- that of the last lease, so that turns go on while the queue is empty.
CREATE FUNCTION first_turn(is_at_upstream boolean) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  last bigint := queue_turn(is_at_upstream);
  head bigint;
BEGIN
  SELECT turn INTO head FROM job
  WHERE state = 'queued' AND at_upstream = is_at_upstream AND turn >= last
  ORDER BY turn, number LIMIT 1;
  RETURN greatest(last + 1, head);
END $$;

-- Adds jobs, those of each owner in their order. Returns a JobAcceptance for each; nothing if there are
-- several owners and one of them is locked for long: then each is to be added by itself.
CREATE FUNCTION add_jobs_together(
  owner_limit bigint, room bigint, owners text[], ids text[], works text[], operations text[],
  prices bigint[], upstreams text[], times double precision[]
) RETURNS SETOF text LANGUAGE plpgsql SET plan_cache_mode = force_generic_plan AS $$
DECLARE
  time double precision := store_time();
  is_together boolean := owners[1] <> ANY (owners);
  -- Those who pay, and how much.
  payers text[];
  payments bigint[];
  payer bigint;
  entry record;
  live bigint;
  last_turn bigint;
  added text[];
  first_here bigint;
  first_at_upstream bigint;
  -- By the place of the job.
  answers text[] := array_fill(NULL::text, ARRAY[cardinality(ids)]);
  turns bigint[] := array_fill(NULL::bigint, ARRAY[cardinality(ids)]);
  pays boolean[] := array_fill(false, ARRAY[cardinality(ids)]);
BEGIN
  IF is_together THEN
    PERFORM set_config('lock_timeout', '200ms', true);
  END IF;
  -- A repetition waits for the first attempt here.
  PERFORM pg_advisory_xact_lock(hashtextextended(owner, 1))
  FROM (SELECT DISTINCT owner FROM unnest(owners) AS owner ORDER BY owner) AS sorted;
  SELECT array_agg(DISTINCT owner) INTO payers
  FROM unnest(owners, prices) AS given (owner, price) WHERE price > 0;
  IF payers IS NOT NULL THEN
    PERFORM FROM account WHERE id = ANY (payers) ORDER BY id FOR NO KEY UPDATE;
    PERFORM remove_holds(account, time) FROM (
      SELECT DISTINCT account FROM hold WHERE account = ANY (payers) AND until < time) AS expired;
    payments := array_fill(0, ARRAY[cardinality(payers)]);
  END IF;
  IF array_position(upstreams, NULL) IS NOT NULL THEN
    first_here := first_turn(false);
  END IF;
  IF cardinality(array_remove(upstreams, NULL)) > 0 THEN
    first_at_upstream := first_turn(true);
  END IF;
  FOR entry IN
    SELECT given.*,
      (SELECT owner FROM job WHERE id = given.id) AS known,
      CASE WHEN price > 0 THEN
        (SELECT true FROM charge WHERE key = 'job ' || given.id) END AS is_charged,
      -- An owner without a limit may have many.
      CASE WHEN is_first AND owner_limit < 9223372036854775807 THEN
        (SELECT count(*) FROM (
          SELECT FROM job WHERE owner = given.owner AND state IN ('queued', 'processing')
          LIMIT owner_limit) AS jobs) END AS live,
      CASE WHEN is_first THEN
        (SELECT max(turn) FROM job
        WHERE owner = given.owner AND state IN ('queued', 'processing')) END AS last_turn,
      CASE WHEN price > 0 THEN
        (SELECT balance - held FROM account WHERE id = given.owner) END AS amount_left
    FROM (
      SELECT *, row_number() OVER (PARTITION BY owner ORDER BY place) = 1 AS is_first
      FROM unnest(owners, ids, prices, upstreams) WITH ORDINALITY
        AS given (owner, id, price, upstream, place)
    ) AS given ORDER BY owner, place
  LOOP
    IF entry.is_first THEN
      live := coalesce(entry.live, 0);
      last_turn := coalesce(entry.last_turn, 0);
      added := '{}';
    END IF;
    IF entry.known = entry.owner OR entry.id = ANY (added) THEN
      answers[entry.place] := 'accepted';
      CONTINUE;
    ELSIF live >= owner_limit THEN
      answers[entry.place] := 'ownerQueueFull';
      CONTINUE;
    ELSIF room <= 0 THEN
      answers[entry.place] := 'queueFull';
      CONTINUE;
    END IF;
    IF entry.amount_left IS NOT NULL AND entry.is_charged IS NULL THEN
      payer := array_position(payers, entry.owner);
      IF entry.amount_left - payments[payer] < entry.price THEN
        answers[entry.place] := 'balanceTooLow';
        CONTINUE;
      END IF;
      payments[payer] := payments[payer] + entry.price;
      pays[entry.place] := true;
    END IF;
    last_turn := greatest(last_turn + 1,
      CASE WHEN entry.upstream IS NULL THEN first_here ELSE first_at_upstream END);
    turns[entry.place] := last_turn;
    added := added || entry.id;
    live := live + 1;
    room := room - 1;
    answers[entry.place] := 'accepted';
  END LOOP;
  INSERT INTO charge (key, account, amount, purpose, charged_at)
  SELECT 'job ' || id, owner, price, operation || ' ' || id, time
  FROM unnest(owners, ids, prices, operations, pays) AS given (owner, id, price, operation, is_paid)
  WHERE is_paid;
  INSERT INTO job (id, owner, work, price, upstream, state, created_at, turn)
  SELECT id, owner, work, price, upstream, 'queued', created_at, turn
  FROM unnest(owners, ids, works, prices, upstreams, times, turns) WITH ORDINALITY
    AS given (owner, id, work, price, upstream, created_at, turn, place)
  WHERE turn IS NOT NULL ORDER BY place;
  IF payers IS NOT NULL THEN
    UPDATE account SET balance = balance - payments[array_position(payers, id)]
    WHERE id = ANY (payers) AND payments[array_position(payers, id)] <> 0;
  END IF;
  RETURN QUERY SELECT unnest(answers);
EXCEPTION WHEN lock_not_available THEN
  IF NOT is_together THEN
    RAISE;
  END IF;
END $$;

-- The same for one owner, as servers of version 1.0 call it.
CREATE OR REPLACE FUNCTION add_jobs(
  the_owner text, owner_limit bigint, room bigint, ids text[], works text[], operations text[],
  prices bigint[], upstreams text[], times double precision[]
) RETURNS SETOF text LANGUAGE sql AS $$
  SELECT add_jobs_together(owner_limit, room, array_fill(the_owner, ARRAY[cardinality(ids)]), ids,
    works, operations, prices, upstreams, times)
$$;

-- Leases the next job of a kind, of the whole queue or of what is not before the last lease. A row in
-- the state `failed` is a job that was given up: the caller asks again, so that no transaction locks
-- the accounts of two jobs.
CREATE FUNCTION lease_next_job(
  the_lease text, seconds double precision, most_crashes bigint, is_at_upstream boolean,
  is_whole boolean
) RETURNS SETOF job LANGUAGE plpgsql AS $$
DECLARE
  time double precision := store_time();
  last bigint := queue_turn(is_at_upstream);
  first bigint := CASE WHEN is_whole THEN 0 ELSE last END;
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
  SELECT * INTO head FROM job
  WHERE state = 'queued' AND at_upstream = is_at_upstream AND turn >= first
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
  IF head.number IS NULL THEN
    RETURN;
  END IF;
  SELECT * INTO the_job FROM job
  WHERE state = 'queued' AND at_upstream = is_at_upstream
    AND (turn, number) >= (head.turn, head.number)
  ORDER BY turn, number LIMIT 1 FOR UPDATE SKIP LOCKED;
  IF FOUND THEN
    IF is_whole AND the_job.turn <> last OR the_job.turn > last THEN
      PERFORM setval(CASE WHEN is_at_upstream
        THEN 'queue_turn_at_upstream' ELSE 'queue_turn_here' END::regclass, the_job.turn);
    END IF;
    RETURN NEXT take_job(the_job, the_lease, time + seconds, most_crashes);
  END IF;
END $$;

CREATE OR REPLACE FUNCTION lease_job(
  the_lease text, seconds double precision, most_crashes bigint, is_at_upstream boolean
) RETURNS SETOF job LANGUAGE sql AS $$
  SELECT * FROM lease_next_job(the_lease, seconds, most_crashes, is_at_upstream, true)
$$;

-- Queues a leased job again, where the queue is.
CREATE OR REPLACE FUNCTION release_job(
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
    turn = greatest(turn + 8 * lacking, queue_turn(at_upstream))
  WHERE number = the_number;
END $$;

CREATE OR REPLACE FUNCTION requeue_job(the_id text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  the_job job;
BEGIN
  SELECT * INTO the_job FROM job WHERE id = the_id FOR UPDATE;
  IF NOT FOUND OR the_job.state = 'finished' THEN
    RETURN false;
  ELSIF the_job.state = 'queued' THEN
    RETURN true;
  END IF;
  UPDATE job SET state = 'queued', lease = NULL, failure = NULL, ended_at = NULL, progress = 0,
    faults = 0, deaths = 0,
    ticket = CASE state WHEN 'failed' THEN NULL ELSE ticket END,
    price = CASE state WHEN 'failed' THEN 0 ELSE price END,
    turn = greatest(turn, queue_turn(at_upstream))
  WHERE number = the_job.number;
  DELETE FROM lease WHERE job = the_job.number;
  RETURN true;
END $$;
