-- Money is in picodollars, time in microseconds since 1970, UTC. Names sort by their bytes.

CREATE TABLE switchtower_rows (
    id text COLLATE "C" PRIMARY KEY,
    created bigint NOT NULL,
    account text COLLATE "C" NOT NULL,
    key text COLLATE "C",
    "user" text COLLATE "C",
    tag text COLLATE "C",
    requested text,
    model text,
    provider text,
    endpoint text,
    operation text NOT NULL,
    streamed boolean NOT NULL,
    "end" text NOT NULL,
    finish text,
    usage jsonb NOT NULL,
    charge bigint,
    fee bigint NOT NULL,
    held bigint NOT NULL,
    first_token bigint,
    took bigint NOT NULL,
    referer text,
    title text,
    user_agent text,
    attempts jsonb NOT NULL,
    answered_by bigint
);
CREATE INDEX switchtower_rows_created ON switchtower_rows (created, id);
-- A name may be longer than a place in an index.
CREATE INDEX switchtower_rows_account ON switchtower_rows (md5(account), created, id);
CREATE INDEX switchtower_rows_key ON switchtower_rows (key, created, id);

CREATE TABLE switchtower_holds (
    id text COLLATE "C" PRIMARY KEY,
    created bigint NOT NULL,
    account text NOT NULL,
    key text,
    model text,
    amount bigint NOT NULL,
    replica text NOT NULL
);

-- The sums of a day's rows that agree in all of these names; the digest is that of the names.
CREATE TABLE switchtower_days (
    day integer NOT NULL,
    digest bytea NOT NULL,
    account text COLLATE "C" NOT NULL,
    key text COLLATE "C",
    model text COLLATE "C",
    provider text COLLATE "C",
    endpoint text COLLATE "C",
    "user" text COLLATE "C",
    tag text COLLATE "C",
    -- Are users and tags told apart? If not, both are null.
    apart boolean NOT NULL,
    requests numeric NOT NULL,
    charge_unknown numeric NOT NULL,
    charge numeric NOT NULL,
    fee numeric NOT NULL,
    cost_exact numeric NOT NULL,
    cost_estimated numeric NOT NULL,
    cost_unknown numeric NOT NULL,
    prompt_tokens numeric NOT NULL,
    cached_tokens numeric NOT NULL,
    completion_tokens numeric NOT NULL,
    reasoning_tokens numeric NOT NULL,
    PRIMARY KEY (day, apart, digest)
);

CREATE TABLE switchtower_credits (
    id text COLLATE "C" PRIMARY KEY,
    account text COLLATE "C" NOT NULL,
    kind text NOT NULL,
    amount bigint NOT NULL,
    fee bigint NOT NULL,
    created bigint NOT NULL,
    note text NOT NULL
);
CREATE INDEX switchtower_credits_account ON switchtower_credits (md5(account), created, id);

CREATE TABLE switchtower_documents (
    kind text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    json text,
    PRIMARY KEY (kind, id)
);

-- Limits that several replicas share: who has which part.
CREATE TABLE switchtower_replicas (
    name text COLLATE "C" PRIMARY KEY,
    life bigint NOT NULL
);

CREATE TABLE switchtower_counters (
    name text COLLATE "C" PRIMARY KEY,
    opening bigint NOT NULL,
    wanted boolean NOT NULL
);

CREATE TABLE switchtower_leases (
    counter text COLLATE "C" NOT NULL,
    replica text COLLATE "C" NOT NULL,
    life bigint NOT NULL,
    granted bigint NOT NULL,
    reserve bigint NOT NULL,
    charged bigint NOT NULL,
    held bigint NOT NULL,
    unrecorded bigint NOT NULL,
    turn bigint NOT NULL,
    expires bigint NOT NULL,
    PRIMARY KEY (counter, replica, life)
);
CREATE INDEX switchtower_leases_replica ON switchtower_leases (replica, life);
