//! Leases, as the database has them.

use std::collections::HashMap;
use std::time::SystemTime;

use tokio_postgres::types::Type;
use tokio_postgres::{Client, Row};

use super::fault::meaning;
use super::kept::{COUNTER_COLUMNS, Counter, Kept, damaged, put};
use super::text::small;
use super::write::json;
use crate::settle::lease::{Ask, Drawn, Grant, Life, Replica, Shared};
use crate::settle::store::StoreError;
use crate::settle::store::micros::{micros_of, time_of};

/// So many counters are forgotten at once.
const AT_ONCE: i64 = 1000;

/// Begins a life. What is free of the leases of the one before is taken back.
pub(super) async fn enlist(client: &Client, name: &str) -> Result<Replica, StoreError> {
    begin(client).await?;
    let sql = "INSERT INTO switchtower_replicas AS known VALUES ($1, 1) \
        ON CONFLICT (name) DO UPDATE SET life = known.life + 1 RETURNING life";
    let life = client.query_typed_one(sql, &[(&name, Type::TEXT)]).await;
    let life: i64 = life.and_then(|row| row.try_get(0)).map_err(meaning)?;
    let before = "replica = $1 AND life < $2";
    lock(client, before, (name, life)).await?;
    let sql = format!(
        "UPDATE switchtower_leases SET granted = least(granted, charged + held + reserve), expires = 0 WHERE {before}"
    );
    let ended = [(&name as _, Type::TEXT), (&life as _, Type::INT8)];
    client.execute_typed(&sql, &ended).await.map_err(meaning)?;
    let settled = format!("{before} AND held = 0 AND reserve = 0");
    fold(client, &settled, (name, life)).await?;
    commit(client).await?;
    Ok(Replica {
        name: name.to_owned(),
        life: life.unsigned_abs(),
    })
}

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
    let find = format!(
        "SELECT to_jsonb(l)::text FROM switchtower_leases l WHERE counter = ANY($1) {IN_ORDER} FOR UPDATE"
    );
    let (new, named) = ([(&new as _, Type::TEXT)], [(&names as _, Type::TEXT_ARRAY)]);
    let who = [(&replica.name as _, Type::TEXT)];
    let (begun, life, made, counters, leases, now) = tokio::join! {
        biased;
        client.batch_execute("BEGIN"),
        client.query_typed_opt("SELECT life FROM switchtower_replicas WHERE name = $1 FOR SHARE", &who),
        client.execute_typed(&insert, &new),
        client.query_typed(
            "SELECT name, opening, wanted FROM switchtower_counters WHERE name = ANY($1) ORDER BY name FOR UPDATE",
            &named,
        ),
        client.query_typed(&find, &named),
        client.query_typed_one("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint", &[]),
    };
    begun.map_err(meaning)?;
    let life = life.map_err(meaning)?.map(|row| row.try_get(0));
    if life.transpose().map_err(meaning)? != Some(small(replica.life).cast_signed()) {
        return Err(StoreError::Lapsed(replica.name.clone()));
    }
    made.map_err(meaning)?;
    let now = now.and_then(|row| row.try_get(0)).map_err(meaning)?;
    let mut shared = shared(&counters.map_err(meaning)?)?;
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

/// Records what was drawn, in a transaction that has begun.
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
    let found = client.query_typed(&sql, &who).await.map_err(meaning)?;
    let found: Vec<Kept> = found.iter().map(Kept::of_row).collect::<Result<_, _>>()?;
    let mut changed = Vec::new();
    for drawn in all {
        let lapsed = || StoreError::Lapsed(drawn.counter.clone());
        let mine = found.iter().find(|kept| kept.counter == drawn.counter);
        let mut lease = mine.ok_or_else(lapsed)?.leased();
        lease.draw(&drawn.told).map_err(|_| lapsed())?;
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

pub(super) async fn lives(client: &Client) -> Result<Vec<Life>, StoreError> {
    let sql = "SELECT l.replica, l.life, l.life = r.life, max(l.expires), \
        least(sum(l.held), 9223372036854775807)::bigint, least(sum(l.reserve), 9223372036854775807)::bigint \
        FROM switchtower_leases l JOIN switchtower_replicas r ON r.name = l.replica \
        GROUP BY l.replica, l.life, r.life HAVING l.life = r.life OR sum(l.held + l.reserve) > 0 ORDER BY 1, 2";
    let found = client.query_typed(sql, &[]).await.map_err(meaning)?;
    let life = |row: &Row| {
        let amount = |place| row.try_get(place).map(i64::unsigned_abs);
        Ok(Life {
            replica: Replica {
                name: row.try_get(0)?,
                life: amount(1)?,
            },
            is_last: row.try_get(2)?,
            expires: time_of(row.try_get(3)?),
            held: amount(4)?,
            reserve: amount(5)?,
        })
    };
    found.iter().map(|row| life(row).map_err(meaning)).collect()
}

pub(super) async fn release(client: &Client, replica: &Replica) -> Result<u64, StoreError> {
    let who = (&*replica.name, small(replica.life).cast_signed());
    let ended = [(&who.0 as _, Type::TEXT), (&who.1 as _, Type::INT8)];
    begin(client).await?;
    let sql = "UPDATE switchtower_replicas SET life = life + 1 WHERE name = $1 AND life = $2";
    client.execute_typed(sql, &ended).await.map_err(meaning)?;
    let its = "replica = $1 AND life = $2";
    lock(client, its, who).await?;
    let freed = fold(client, its, who).await?;
    commit(client).await?;
    Ok(freed)
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

const IN_ORDER: &str = "ORDER BY counter, replica, life";

async fn begin(client: &Client) -> Result<(), StoreError> {
    client.batch_execute("BEGIN").await.map_err(meaning)
}

async fn commit(client: &Client) -> Result<(), StoreError> {
    client.batch_execute("COMMIT").await.map_err(meaning)
}

/// Locks all counters of these leases, and them.
async fn lock(client: &Client, whose: &str, who: (&str, i64)) -> Result<(), StoreError> {
    let who = [(&who.0 as _, Type::TEXT), (&who.1 as _, Type::INT8)];
    for sql in [
        format!(
            "SELECT FROM switchtower_counters WHERE name IN (SELECT counter FROM switchtower_leases WHERE {whose}) \
             ORDER BY name FOR UPDATE"
        ),
        format!("SELECT FROM switchtower_leases WHERE {whose} {IN_ORDER} FOR UPDATE"),
    ] {
        client.query_typed(&sql, &who).await.map_err(meaning)?;
    }
    Ok(())
}

/// What these leases have drawn was spent before anybody leased, from now on; and nothing stays of them. Returns what of them was
/// free.
async fn fold(client: &Client, whose: &str, who: (&str, i64)) -> Result<u64, StoreError> {
    let sql = format!(
        "WITH gone AS (DELETE FROM switchtower_leases WHERE {whose} RETURNING counter, granted, charged + held AS spent), \
         sums AS (SELECT counter, sum(spent) AS spent, sum(greatest(granted - spent, 0)) AS free FROM gone GROUP BY counter), \
         added AS (UPDATE switchtower_counters c SET opening = least(c.opening + sums.spent, 9223372036854775807)::bigint \
            FROM sums WHERE c.name = sums.counter) \
         SELECT least(coalesce(sum(free), 0), 9223372036854775807)::bigint FROM sums"
    );
    let who = [(&who.0 as _, Type::TEXT), (&who.1 as _, Type::INT8)];
    let free = client.query_typed_one(&sql, &who).await;
    let free: i64 = free.and_then(|row| row.try_get(0)).map_err(meaning)?;
    Ok(free.unsigned_abs())
}
