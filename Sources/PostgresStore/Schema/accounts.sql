-- Every function locks the account first, so holds and charges of one account never wait for each
-- other in a circle. The lock makes later statements of the function see what was committed before.

-- What an account may spend: its balance less its holds, after the expired ones were removed. Null
-- for an account without a balance.
CREATE FUNCTION spendable(the_account text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  expired bigint;
  amount_left bigint;
BEGIN
  PERFORM FROM account WHERE id = the_account FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  expired := remove_holds(the_account, store_time());
  SELECT balance - held INTO amount_left FROM account WHERE id = the_account;
  RETURN amount_left;
END $$;

-- Removes the holds of a locked account that expired before a time. Returns their number.
CREATE FUNCTION remove_holds(the_account text, before double precision) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
  removals bigint;
  total bigint;
BEGIN
  WITH removed AS (
    DELETE FROM hold WHERE account = the_account AND until < before RETURNING amount
  ) SELECT count(*), sum(amount) INTO removals, total FROM removed;
  IF removals > 0 THEN
    UPDATE account SET held = held - total WHERE id = the_account;
  END IF;
  RETURN removals;
END $$;

CREATE FUNCTION hold_tokens(
  the_key text, the_account text, the_amount bigint, seconds double precision
) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  amount_left bigint := spendable(the_account);
BEGIN
  IF EXISTS (SELECT FROM charge WHERE key = the_key) THEN
    RETURN 'settled';
  ELSIF amount_left IS NULL OR EXISTS (SELECT FROM hold WHERE key = the_key) THEN
    RETURN 'held';
  ELSIF amount_left < the_amount THEN
    RETURN 'balanceTooLow';
  END IF;
  INSERT INTO hold (key, account, amount, until)
  VALUES (the_key, the_account, the_amount, store_time() + seconds);
  UPDATE account SET held = held + the_amount WHERE id = the_account;
  RETURN 'held';
END $$;

-- Settles several holds of one account in one transaction, in their order.
CREATE FUNCTION settle_holds(
  the_account text, keys text[], amounts bigint[], purposes text[]
) RETURNS SETOF boolean LANGUAGE plpgsql AS $$
DECLARE
  amount_left bigint := spendable(the_account);
  spent bigint := 0;
  released bigint := 0;
  on_hold bigint;
BEGIN
  FOR entry IN 1 .. cardinality(keys) LOOP
    IF amount_left IS NULL OR EXISTS (SELECT FROM charge WHERE key = keys[entry]) THEN
      RETURN NEXT true;
      CONTINUE;
    END IF;
    DELETE FROM hold WHERE key = keys[entry] RETURNING amount INTO on_hold;
    IF NOT FOUND THEN
      IF amount_left < amounts[entry] THEN
        RETURN NEXT false;
        CONTINUE;
      END IF;
      on_hold := 0;
    END IF;
    INSERT INTO charge (key, account, amount, purpose, charged_at)
    VALUES (keys[entry], the_account, amounts[entry], purposes[entry], store_time());
    spent := spent + amounts[entry];
    released := released + on_hold;
    amount_left := amount_left + on_hold - amounts[entry];
    RETURN NEXT true;
  END LOOP;
  IF spent <> 0 OR released <> 0 THEN
    UPDATE account SET balance = balance - spent, held = held - released WHERE id = the_account;
  END IF;
END $$;

CREATE FUNCTION release_hold(the_key text, the_account text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  on_hold bigint;
BEGIN
  PERFORM FROM account WHERE id = the_account FOR NO KEY UPDATE;
  DELETE FROM hold WHERE key = the_key AND account = the_account RETURNING amount INTO on_hold;
  IF FOUND THEN
    UPDATE account SET held = held - on_hold WHERE id = the_account;
  END IF;
END $$;

-- Gives the price of a job back, once.
CREATE FUNCTION refund_job(the_id text, the_owner text, the_price bigint) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
  IF the_price <= 0 THEN
    RETURN;
  END IF;
  PERFORM FROM account WHERE id = the_owner FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  INSERT INTO charge (key, account, amount, purpose, charged_at)
  VALUES ('refund ' || the_id, the_owner, -the_price, 'refund ' || the_id, store_time())
  ON CONFLICT (key) DO NOTHING;
  IF FOUND THEN
    UPDATE account SET balance = balance + the_price WHERE id = the_owner;
  END IF;
END $$;

CREATE FUNCTION grant_tokens(the_account text, amount bigint) RETURNS void LANGUAGE sql AS $$
  INSERT INTO account (id, granted, balance) VALUES (the_account, amount, amount)
  ON CONFLICT (id) DO UPDATE
  SET balance = account.balance + excluded.granted - account.granted, granted = excluded.granted
$$;

-- Removes expired holds, forgotten idempotency keys and tickets of dead servers, and adds up charges
-- before a time. Returns whether something may be left.
CREATE FUNCTION remove_expired(charges_before double precision, most bigint) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
  time double precision := store_time();
  holds bigint := 0;
  keys bigint;
  charges bigint;
  the_account text;
BEGIN
  FOR the_account IN
    SELECT DISTINCT account FROM (
      SELECT account FROM hold WHERE until < time ORDER BY until LIMIT most) AS expired
    ORDER BY account
  LOOP
    PERFORM FROM account WHERE id = the_account FOR NO KEY UPDATE;
    holds := holds + remove_holds(the_account, time);
  END LOOP;
  DELETE FROM idempotency WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM idempotency WHERE forget_at < time ORDER BY forget_at LIMIT most
    FOR UPDATE SKIP LOCKED));
  GET DIAGNOSTICS keys = ROW_COUNT;
  DELETE FROM turn_ticket WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM turn_ticket WHERE NOT is_alive(server) LIMIT most FOR UPDATE SKIP LOCKED));
  DELETE FROM turn_server WHERE until < time - 3600;
  WITH old AS (
    SELECT key FROM charge WHERE charged_at < charges_before AND charged_at > 0
    ORDER BY charged_at LIMIT most FOR UPDATE SKIP LOCKED
  ), removed AS (
    DELETE FROM charge USING old WHERE charge.key = old.key
    RETURNING charge.account, charge.amount
  ), added AS (
    INSERT INTO charge (key, account, amount, purpose, charged_at)
    SELECT 'earlier ' || account, account, sum(amount), 'earlier charges', 0
    FROM removed GROUP BY account ORDER BY account
    ON CONFLICT (key) DO UPDATE SET amount = charge.amount + excluded.amount
  ) SELECT count(*) INTO charges FROM removed;
  RETURN greatest(holds, keys, charges) >= most;
END $$;

-- Adds a token and its account. Returns whether it is there: false if another token has its name.
CREATE FUNCTION add_token(
  the_digest text, the_name text, granted bigint, the_creation double precision,
  the_expiry double precision, the_rate bigint, the_revocation double precision
) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO token (digest, name, created_at, expires_at, rate, revoked_at)
  VALUES (the_digest, the_name, the_creation, the_expiry, the_rate, the_revocation)
  ON CONFLICT (name) DO NOTHING;
  IF NOT FOUND THEN
    RETURN EXISTS (SELECT FROM token WHERE name = the_name AND digest = the_digest);
  END IF;
  IF granted IS NOT NULL THEN
    PERFORM grant_tokens(the_digest, granted);
  END IF;
  RETURN true;
END $$;
