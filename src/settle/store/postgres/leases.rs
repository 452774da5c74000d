//! Leases, as the database has them.

use std::collections::HashMap;
use std::time::SystemTime;

use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Error, Row};

use super::fault::meaning;
use super::kept::{COUNTER_COLUMNS, Counter, Kept, damaged, put};
use super::text::small;
use super::write::json;
use crate::settle::lease::{Ask, Drawn, Grant, Replica, Shared};
use crate::settle::store::StoreError;
use crate::settle::store::micros::{micros_of, time_of};
use crate::settle::store::names::taken;

/// So many counters are forgotten at once.
const AT_ONCE: i64 = 1000;
/// Who asks waits no longer for whoever has locked a counter, and lets nobody wait for longer should it be gone: milliseconds.
const BEGIN: &str =
    "BEGIN; SET LOCAL lock_timeout = 200; SET LOCAL idle_in_transaction_session_timeout = 1000";

/// Counters that nobody else changes meanwhile.
pub(super) async fn ask(
    client: &Client,
    replica: &Replica,
    asks: &[Ask],
) -> Result<Vec<Option<Grant>>, StoreError> {
    let mut names: Vec<_> = asks.iter().map(|ask| &*ask.counter).collect();
    // In one order, as whoever else locks them.
    names.sort_unstable();
    let new = asks.iter().filter_map(Counter::new);
    let mut new: Vec<_> = new.collect();
    new.sort_unstable_by_key(|counter| counter.name);
    let new = json(&new)?;
    let insert = format!(
        "INSERT INTO switchtower_counters (name, opening, wanted, ends) \
         SELECT name, opening, wanted, ends FROM jsonb_to_recordset($1::text::jsonb) AS new({COUNTER_COLUMNS}) ON CONFLICT DO NOTHING"
    );
    // Others draw of theirs meanwhile, and none of that is more than they were granted; but of what may be taken back.
    let mine = format!(
        "SELECT FROM switchtower_leases WHERE counter = ANY($1) AND ((replica = $2 AND life = $3) \
         OR expires < (extract(epoch FROM clock_timestamp()) * 1000000)::int8 + 1000000) {IN_ORDER} FOR UPDATE"
    );
    let find = format!(
        "SELECT to_jsonb(l)::text FROM switchtower_leases l WHERE counter = ANY($1) {IN_ORDER}"
    );
    let life_of = small(replica.life).cast_signed();
    let (new, named) = ([(&new as _, Type::TEXT)], [(&names as _, Type::TEXT_ARRAY)]);
    let who = [(&replica.name as _, Type::TEXT)];
    let own = [
        (&names as _, Type::TEXT_ARRAY),
        (&replica.name as _, Type::TEXT),
        (&life_of as _, Type::INT8),
    ];
    let (begun, life, made, counters, locked, leases, now) = tokio::join! {
        biased;
        client.batch_execute(BEGIN),
        client.query_typed_opt("SELECT life FROM switchtower_replicas WHERE name = $1 FOR SHARE", &who),
        client.execute_typed(&insert, &new),
        client.query_typed(
            "SELECT name, opening, wanted FROM switchtower_counters WHERE name = ANY($1) ORDER BY name FOR UPDATE",
            &named,
        ),
        client.query_typed(&mine, &own),
        client.query_typed(&find, &named),
        client.query_typed_one("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint", &[]),
    };
    if let Some(error) = [
        life.as_ref().err(),
        made.as_ref().err(),
        counters.as_ref().err(),
        locked.as_ref().err(),
    ]
    .into_iter()
    .flatten()
    .next()
        && is_locked(error)
    {
        return Err(busy(client, replica, &names).await?);
    }
    begun.map_err(meaning)?;
    let life = life.map_err(meaning)?.map(|row| row.try_get(0));
    if life.transpose().map_err(meaning)? != Some(life_of) {
        return Err(taken(&replica.name));
    }
    made.map_err(meaning)?;
    let now = now.and_then(|row| row.try_get(0)).map_err(meaning)?;
    let mut shared = shared(&counters.map_err(meaning)?)?;
    locked.map_err(meaning)?;
    let found = leases.map_err(meaning)?;
    let found: Vec<Kept> = found.iter().map(Kept::of_row).collect::<Result<_, _>>()?;
    for kept in &found {
        if let Some(counter) = shared.get_mut(&kept.counter) {
            counter.leases.push(kept.leased());
        }
    }
    let mut grants = Vec::with_capacity(asks.len());
    for ask in asks {
        let lapsed = |_| StoreError::Lapsed(ask.counter.clone());
        let counter = shared.get_mut(&ask.counter);
        let grant = counter.map(|counter| counter.ask(replica, ask, time_of(now)));
        grants.push(grant.transpose().map_err(lapsed)?);
    }
    let counters = shared.iter().map(|(name, counter)| Counter {
        name,
        opening: small(counter.opening),
        wanted: counter.wanted,
        ends: None,
    });
    let counters = json(&counters.collect::<Vec<_>>())?;
    let changed = shared.iter().flat_map(|(name, counter)| {
        let leases = counter.leases.iter();
        leases.map(|lease| Kept::of(name, lease))
    });
    let mut changed: Vec<_> = changed.filter(|kept| !found.contains(kept)).collect();
    changed.sort_unstable_by(|one, other| one.counter.cmp(&other.counter));
    let want = format!(
        "UPDATE switchtower_counters c SET wanted = new.wanted, opening = new.opening FROM jsonb_to_recordset($1::text::jsonb) AS new({COUNTER_COLUMNS}) \
         WHERE c.name = new.name AND (c.wanted, c.opening) <> (new.wanted, new.opening)"
    );
    let counters = [(&counters as _, Type::TEXT)];
    let (told, written, committed) = tokio::join! {
        biased;
        client.execute_typed(&want, &counters),
        put(client, &changed),
        commit(client),
    };
    told.map_err(meaning)?;
    written?;
    committed?;
    Ok(grants)
}

fn shared(rows: &[Row]) -> Result<HashMap<String, Shared>, StoreError> {
    let counter = |row: &Row| {
        let opening: i64 = row.try_get(1)?;
        let mut counter = Shared::new(opening.unsigned_abs());
        counter.wanted = row.try_get(2)?;
        Ok((row.try_get(0)?, counter))
    };
    rows.iter()
        .map(|row| counter(row).map_err(meaning))
        .collect()
}

fn is_locked(error: &Error) -> bool {
    error.code() == Some(&SqlState::LOCK_NOT_AVAILABLE)
}

/// Which of these has somebody else locked? All, where nobody knows. The transaction is over.
async fn busy(
    client: &Client,
    replica: &Replica,
    names: &[&str],
) -> Result<StoreError, StoreError> {
    client.batch_execute("ROLLBACK").await.map_err(meaning)?;
    let sql = "WITH counters AS MATERIALIZED ( \
            SELECT name FROM switchtower_counters WHERE name = ANY($1) FOR UPDATE SKIP LOCKED), \
        leases AS MATERIALIZED (SELECT counter FROM switchtower_leases \
            WHERE counter = ANY($1) AND replica = $2 AND life = $3 FOR UPDATE SKIP LOCKED) \
        (SELECT name FROM switchtower_counters WHERE name = ANY($1) EXCEPT SELECT name FROM counters) \
        UNION (SELECT counter FROM switchtower_leases WHERE counter = ANY($1) AND replica = $2 AND life = $3 \
            EXCEPT SELECT counter FROM leases)";
    let life = small(replica.life).cast_signed();
    let who = [
        (&names as _, Type::TEXT_ARRAY),
        (&replica.name as _, Type::TEXT),
        (&life as _, Type::INT8),
    ];
    let found = client.query_typed(sql, &who).await.map_err(meaning)?;
    let locked = found.iter().map(|row| row.try_get(0).map_err(meaning));
    let locked: Vec<String> = locked.collect::<Result<_, _>>()?;
    let all = || names.iter().map(|name| (*name).to_owned()).collect();
    Ok(StoreError::Busy(if locked.is_empty() {
        all()
    } else {
        locked
    }))
}

/// Records what was drawn, in a transaction that has begun, and that does nothing else that may have to wait.
pub(super) async fn draw(client: &Client, all: &[Drawn]) -> Result<(), StoreError> {
    let Some(first) = all.first() else {
        return Ok(());
    };
    let counters: Vec<_> = all.iter().map(|drawn| &*drawn.counter).collect();
    let sql = format!(
        "SELECT to_jsonb(l)::text FROM switchtower_leases l WHERE counter = ANY($1) AND replica = $2 AND life = $3 \
         {IN_ORDER} FOR UPDATE"
    );
    let life = small(first.replica.life).cast_signed();
    let who = [
        (&counters as _, Type::TEXT_ARRAY),
        (&first.replica.name as _, Type::TEXT),
        (&life as _, Type::INT8),
    ];
    let (set, found) = tokio::join! {
        biased;
        client.batch_execute("SET LOCAL lock_timeout = 50"),
        client.query_typed(&sql, &who),
    };
    set.map_err(meaning)?;
    let found = match found {
        Err(error) if is_locked(&error) => {
            return Err(busy(client, &first.replica, &counters).await?);
        }
        found => found.map_err(meaning)?,
    };
    let found: Vec<Kept> = found.iter().map(Kept::of_row).collect::<Result<_, _>>()?;
    let mut changed = Vec::new();
    for drawn in all {
        let lapsed = || StoreError::Lapsed(drawn.counter.clone());
        let mine = found.iter().find(|kept| kept.counter == drawn.counter);
        let Some(mine) = mine else {
            match drawn.is_settled {
                // It was released, with what it held.
                true => continue,
                false => return Err(lapsed()),
            }
        };
        let mut lease = mine.leased();
        lease.record(drawn).map_err(|_| lapsed())?;
        changed.push(Kept::of(&drawn.counter, &lease));
    }
    put(client, &changed).await
}

pub(super) async fn wanted(client: &Client, replica: &Replica) -> Result<Vec<String>, StoreError> {
    let sql = "SELECT c.name FROM switchtower_counters c JOIN switchtower_leases l ON l.counter = c.name \
        WHERE c.wanted AND l.replica = $1 AND l.life = $2 AND l.granted > l.charged + l.held";
    let life = small(replica.life).cast_signed();
    let who = [(&replica.name as _, Type::TEXT), (&life as _, Type::INT8)];
    let found = client.query_typed(sql, &who).await.map_err(meaning)?;
    let name = |row: &Row| row.try_get(0).map_err(meaning);
    found.iter().map(name).collect()
}

pub(super) async fn counter(client: &Client, name: &str) -> Result<Option<Shared>, StoreError> {
    let sql = format!(
        "SELECT opening, wanted, (SELECT coalesce(jsonb_agg(to_jsonb(l) {IN_ORDER}), '[]')::text \
            FROM switchtower_leases l WHERE counter = name) FROM switchtower_counters WHERE name = $1"
    );
    let found = client.query_typed_opt(&sql, &[(&name, Type::TEXT)]).await;
    let Some(row) = found.map_err(meaning)? else {
        return Ok(None);
    };
    let opening: i64 = row.try_get(0).map_err(meaning)?;
    let leases: &str = row.try_get(2).map_err(meaning)?;
    let leases: Vec<Kept> = serde_json::from_str(leases).map_err(|error| damaged(error, leases))?;
    Ok(Some(Shared {
        opening: opening.unsigned_abs(),
        wanted: row.try_get(1).map_err(meaning)?,
        leases: leases.iter().map(Kept::leased).collect(),
    }))
}

pub(super) async fn forget(client: &Client, before: SystemTime) -> Result<bool, StoreError> {
    begin(client).await?;
    // Whoever asks may have a clock that is ahead.
    let sql = "SELECT name FROM switchtower_counters WHERE ends < $1 \
               AND ends < (extract(epoch FROM clock_timestamp()) * 1000000)::int8 \
               ORDER BY name LIMIT $2 FOR UPDATE";
    let before = micros_of(before);
    let over = [(&before as _, Type::INT8), (&AT_ONCE as _, Type::INT8)];
    let over = client.query_typed(sql, &over).await.map_err(meaning)?;
    let over: Vec<String> = over
        .iter()
        .map(|row| row.try_get(0).map_err(meaning))
        .collect::<Result<_, _>>()?;
    for sql in [
        "DELETE FROM switchtower_leases WHERE counter = ANY($1)",
        "DELETE FROM switchtower_counters WHERE name = ANY($1)",
    ] {
        let named = [(&over as _, Type::TEXT_ARRAY)];
        client.execute_typed(sql, &named).await.map_err(meaning)?;
    }
    commit(client).await?;
    Ok(over.len() as i64 == AT_ONCE)
}

pub(super) const IN_ORDER: &str = "ORDER BY counter, replica, life";

pub(super) async fn begin(client: &Client) -> Result<(), StoreError> {
    client.batch_execute("BEGIN").await.map_err(meaning)
}

pub(super) async fn commit(client: &Client) -> Result<(), StoreError> {
    client.batch_execute("COMMIT").await.map_err(meaning)
}
