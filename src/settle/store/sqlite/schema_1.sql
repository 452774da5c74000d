-- By name, which begins with the second: so what is new lies together.
CREATE TABLE rows (
    id TEXT PRIMARY KEY,
    created INTEGER NOT NULL, -- microseconds since 1970, UTC
    account TEXT NOT NULL,
    key BLOB, -- SHA-256
    body BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX rows_by_time ON rows (created);

CREATE TABLE holds (id TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID;

-- Of all users, so that there are few.
CREATE TABLE sums (
    day INTEGER NOT NULL, -- days since 1970, UTC
    account TEXT NOT NULL,
    cell BLOB NOT NULL, -- key, model, provider, endpoint
    body BLOB NOT NULL,
    PRIMARY KEY (day, account, cell)
) WITHOUT ROWID;

-- Of each user and tag.
CREATE TABLE sums_of_users (
    day INTEGER NOT NULL,
    account TEXT NOT NULL,
    cell BLOB NOT NULL, -- and user, tag
    body BLOB NOT NULL,
    PRIMARY KEY (day, account, cell)
) WITHOUT ROWID;

CREATE TABLE credits (
    id TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    created INTEGER NOT NULL,
    body BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX credits_by_account ON credits (account, created);

CREATE TABLE documents (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    version INTEGER NOT NULL,
    json TEXT, -- none once it is deleted
    PRIMARY KEY (kind, id)
) WITHOUT ROWID;
