-- Every function locks a job before its lease, and both before the account of its owner.

-- Adds jobs of one owner, in their order. Returns a JobAcceptance for each.
CREATE FUNCTION add_jobs(
  the_owner text, owner_limit bigint, room bigint, ids text[], works text[], operations text[],
  prices bigint[], upstreams text[], times double precision[]
) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
  live bigint := 0;
  last_turn bigint;
  head bigint;
  known text;
  is_account_read boolean := false;
  amount_left bigint;
  spent bigint := 0;
BEGIN
  -- Jobs of other owners are added meanwhile. A repetition waits for the first attempt here.
  PERFORM pg_advisory_xact_lock(hashtextextended(the_owner, 1));
  -- An owner without a limit may have many.
  IF owner_limit < 9223372036854775807 THEN
    SELECT count(*) INTO live FROM (
      SELECT FROM job WHERE owner = the_owner AND state IN ('queued', 'processing')
      LIMIT owner_limit) AS jobs;
  END IF;
  SELECT coalesce(max(turn), 0) INTO last_turn FROM job
  WHERE owner = the_owner AND state IN ('queued', 'processing');
  FOR entry IN 1 .. cardinality(ids) LOOP
    SELECT owner INTO known FROM job WHERE id = ids[entry];
    IF known = the_owner THEN
      RETURN NEXT 'accepted';
      CONTINUE;
    ELSIF live >= owner_limit THEN
      RETURN NEXT 'ownerQueueFull';
      CONTINUE;
    ELSIF room <= 0 THEN
      RETURN NEXT 'queueFull';
      CONTINUE;
    END IF;
    IF prices[entry] > 0 THEN
      IF NOT is_account_read THEN
        amount_left := spendable(the_owner);
        is_account_read := true;
      END IF;
      IF amount_left IS NOT NULL AND NOT EXISTS (
        SELECT FROM charge WHERE key = 'job ' || ids[entry])
      THEN
        IF amount_left < prices[entry] THEN
          RETURN NEXT 'balanceTooLow';
          CONTINUE;
        END IF;
        INSERT INTO charge (key, account, amount, purpose, charged_at)
        VALUES ('job ' || ids[entry], the_owner, prices[entry],
          operations[entry] || ' ' || ids[entry], store_time());
        amount_left := amount_left - prices[entry];
        spent := spent + prices[entry];
      END IF;
    END IF;
    SELECT turn INTO head FROM job
    WHERE state = 'queued' AND at_upstream = (upstreams[entry] IS NOT NULL)
    ORDER BY turn, number LIMIT 1;
    last_turn := greatest(last_turn + 1, coalesce(head, 0));
    INSERT INTO job (id, owner, work, price, upstream, state, created_at, turn)
    VALUES (ids[entry], the_owner, works[entry], prices[entry], upstreams[entry], 'queued',
      times[entry], last_turn);
    live := live + 1;
    room := room - 1;
    RETURN NEXT 'accepted';
  END LOOP;
  IF spent <> 0 THEN
    UPDATE account SET balance = balance - spent WHERE id = the_owner;
  END IF;
END $$;

-- Ends a job that the caller has locked, and refunds its price unless it is finished. The lease's id
-- is kept, so that a repetition gets the same answer.
CREATE FUNCTION end_job(the_job job, the_lease text, the_film text, reason text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  UPDATE job SET
    state = CASE WHEN the_film IS NULL THEN 'failed' ELSE 'finished' END,
    film = the_film, failure = reason, lease = the_lease, ended_at = store_time(),
    progress = CASE WHEN the_film IS NULL THEN progress ELSE 1 END
  WHERE number = the_job.number;
  DELETE FROM lease WHERE job = the_job.number;
  IF the_film IS NULL THEN
    PERFORM refund_job(the_job.id, the_job.owner, the_job.price);
  END IF;
END $$;

-- Ends a job as finished, if it has a film, else as failed.
CREATE FUNCTION finish_job(the_id text, the_lease text, the_film text, reason text)
RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  the_job job;
BEGIN
  SELECT * INTO the_job FROM job WHERE id = the_id AND lease = the_lease FOR UPDATE;
  IF NOT FOUND THEN
    RETURN false;
  ELSIF the_job.state = 'processing' THEN
    PERFORM end_job(the_job, the_lease, the_film, reason);
    RETURN true;
  END IF;
  RETURN the_job.state = CASE WHEN the_film IS NULL THEN 'failed' ELSE 'finished' END
    AND the_job.film IS NOT DISTINCT FROM the_film
    AND the_job.failure IS NOT DISTINCT FROM reason;
END $$;

CREATE FUNCTION cancel_job(the_id text, reason text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  the_job job;
BEGIN
  SELECT * INTO the_job FROM job WHERE id = the_id FOR UPDATE;
  IF NOT FOUND THEN
    RETURN false;
  ELSIF the_job.state IN ('queued', 'processing') THEN
    PERFORM end_job(the_job, NULL, NULL, reason);
    RETURN true;
  END IF;
  RETURN the_job.failure IS NOT DISTINCT FROM reason;
END $$;

CREATE FUNCTION requeue_job(the_id text) RETURNS boolean LANGUAGE plpgsql AS $$
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
    price = CASE state WHEN 'failed' THEN 0 ELSE price END
  WHERE number = the_job.number;
  DELETE FROM lease WHERE job = the_job.number;
  RETURN true;
END $$;

CREATE FUNCTION delete_job(the_id text, the_owner text, prefix text) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
  the_job job;
BEGIN
  SELECT * INTO the_job FROM job WHERE id = the_id AND owner = the_owner FOR UPDATE;
  IF NOT FOUND THEN
    RETURN false;
  END IF;
  DELETE FROM lease WHERE job = the_job.number;
  DELETE FROM job WHERE number = the_job.number;
  PERFORM schedule_removal(prefix, 0);
  IF the_job.state IN ('queued', 'processing') THEN
    PERFORM refund_job(the_job.id, the_job.owner, the_job.price);
  END IF;
  RETURN true;
END $$;
