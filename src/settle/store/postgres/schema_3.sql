-- Limits that several replicas share: nothing has leased of them before.

DROP TABLE switchtower_leases;
DROP TABLE switchtower_counters;

CREATE TABLE switchtower_counters (
    name text COLLATE "C" PRIMARY KEY,
    -- What was spent before anybody leased, and by lives that are over.
    opening bigint NOT NULL,
    -- Is there too little for somebody?
    wanted boolean NOT NULL,
    -- When its window is over; none: never.
    ends bigint
);
CREATE INDEX switchtower_counters_wanted ON switchtower_counters (name) WHERE wanted;
CREATE INDEX switchtower_counters_ends ON switchtower_counters (ends) WHERE ends IS NOT NULL;

CREATE TABLE switchtower_leases (
    counter text COLLATE "C" NOT NULL,
    replica text COLLATE "C" NOT NULL,
    life bigint NOT NULL,
    granted bigint NOT NULL,
    reserve bigint NOT NULL,
    turn bigint NOT NULL,
    charged bigint NOT NULL,
    held bigint NOT NULL,
    -- Of what is charged, what is beyond what was held.
    beyond bigint NOT NULL,
    unrecorded bigint NOT NULL,
    expires bigint NOT NULL,
    PRIMARY KEY (counter, replica, life)
);
CREATE INDEX switchtower_leases_replica ON switchtower_leases (replica, life);
