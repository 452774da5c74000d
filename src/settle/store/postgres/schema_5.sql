-- The sums of one account, or of one key, over many days. A name may be longer than a place in an index.

CREATE INDEX switchtower_days_account ON switchtower_days (md5(account), day) WHERE NOT apart;
CREATE INDEX switchtower_days_key ON switchtower_days (key, day) WHERE NOT apart;
