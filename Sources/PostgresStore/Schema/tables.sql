-- Seconds since 1970. A transaction may set its own time, which tests do; clock_timestamp() goes on
-- within a transaction, unlike now().
CREATE FUNCTION store_time() RETURNS double precision LANGUAGE sql AS $$
  SELECT coalesce(
    nullif(current_setting('imagine.time', true), '')::double precision,
    extract(epoch FROM clock_timestamp())::double precision)
$$;

CREATE TABLE job (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id text NOT NULL UNIQUE,
  owner text NOT NULL,
  work text NOT NULL,
  price bigint NOT NULL,
  state text NOT NULL,
  created_at double precision NOT NULL,
  ended_at double precision,
  progress double precision NOT NULL DEFAULT 0,
  attempts bigint NOT NULL DEFAULT 0,
  faults bigint NOT NULL DEFAULT 0,
  deaths bigint NOT NULL DEFAULT 0,
  lacks bigint NOT NULL DEFAULT 0,
  failure text,
  film text,
  lease text,
  turn bigint NOT NULL,
  upstream text,
  ticket text,
  at_upstream boolean GENERATED ALWAYS AS (upstream IS NOT NULL) STORED
);
CREATE INDEX job_queued ON job (at_upstream, turn, number) WHERE state = 'queued';
CREATE INDEX job_queued_at ON job (created_at) WHERE state = 'queued';
CREATE INDEX job_of_owner ON job (owner, turn) WHERE state IN ('queued', 'processing');
CREATE INDEX job_owner ON job (owner, number);
CREATE INDEX job_ended ON job (ended_at) WHERE state IN ('finished', 'failed');

-- Narrow, because a renewal writes a row every few seconds. Kind and turn are those of the job, so
-- that the search for expired leases reads nothing else.
CREATE TABLE lease (
  job bigint PRIMARY KEY,
  id text NOT NULL UNIQUE,
  at_upstream boolean NOT NULL,
  turn bigint NOT NULL,
  until double precision NOT NULL,
  progress double precision NOT NULL
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
CREATE INDEX lease_until ON lease (at_upstream, until);

CREATE TABLE account (
  id text PRIMARY KEY,
  granted bigint NOT NULL,
  balance bigint NOT NULL,
  held bigint NOT NULL DEFAULT 0 CHECK (held >= 0)
) WITH (fillfactor = 50);

CREATE TABLE charge (
  key text PRIMARY KEY,
  account text NOT NULL,
  amount bigint NOT NULL,
  purpose text NOT NULL,
  charged_at double precision NOT NULL
);
CREATE INDEX charge_charged_at ON charge (charged_at) WHERE charged_at > 0;
CREATE INDEX charge_of_account ON charge (account, charged_at);

CREATE TABLE hold (
  key text PRIMARY KEY,
  account text NOT NULL,
  amount bigint NOT NULL CHECK (amount > 0),
  until double precision NOT NULL
);
CREATE INDEX hold_of_account ON hold (account, until);
CREATE INDEX hold_until ON hold (until);

CREATE TABLE token (
  digest text PRIMARY KEY,
  name text NOT NULL UNIQUE,
  created_at double precision NOT NULL,
  expires_at double precision,
  rate bigint,
  revoked_at double precision
);

CREATE TABLE idempotency (
  account text NOT NULL,
  route text NOT NULL,
  key text NOT NULL,
  fingerprint text NOT NULL,
  id text NOT NULL,
  seed bigint NOT NULL,
  engine text NOT NULL,
  attempt text NOT NULL,
  until double precision NOT NULL,
  was_sent boolean NOT NULL DEFAULT false,
  answer text,
  forget_at double precision NOT NULL,
  PRIMARY KEY (account, route, key)
);
CREATE INDEX idempotency_forget_at ON idempotency (forget_at);

CREATE TABLE link_key (
  id text PRIMARY KEY,
  bytes bytea NOT NULL,
  created_at double precision NOT NULL
);

CREATE TABLE removal (
  prefix text PRIMARY KEY,
  due double precision NOT NULL
);
CREATE INDEX removal_due ON removal (due);

CREATE TABLE identity (
  number int PRIMARY KEY CHECK (number = 1),
  id text NOT NULL
);

CREATE TABLE leader (
  task text PRIMARY KEY,
  server text NOT NULL,
  until double precision NOT NULL
);

-- Who has a slot or waits for one is worth nothing after a crash: these tables are empty then.
CREATE UNLOGGED TABLE turn_ticket (
  id text PRIMARY KEY,
  number bigint GENERATED ALWAYS AS IDENTITY,
  pool text NOT NULL,
  account text NOT NULL,
  server text NOT NULL,
  turn bigint NOT NULL,
  is_granted boolean NOT NULL
);
CREATE INDEX turn_ticket_waiting ON turn_ticket (pool, turn, number) WHERE NOT is_granted;
CREATE INDEX turn_ticket_granted ON turn_ticket (pool, turn) WHERE is_granted;
CREATE INDEX turn_ticket_of_account ON turn_ticket (pool, account, turn);
CREATE INDEX turn_ticket_of_server ON turn_ticket (server);
CREATE UNLOGGED TABLE turn_server (
  id text PRIMARY KEY,
  seconds double precision NOT NULL,
  until double precision NOT NULL
);
CREATE UNLOGGED TABLE turn_left (
  id text PRIMARY KEY,
  until double precision NOT NULL
);
CREATE INDEX turn_left_until ON turn_left (until);
