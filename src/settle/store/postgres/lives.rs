//! Lives, from their start to their end.

use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Row};

use super::fault::meaning;
use super::leases::{IN_ORDER, begin, commit};
use super::text::small;
use crate::settle::lease::{Life, Replica};
use crate::settle::store::StoreError;
use crate::settle::store::micros::time_of;

/// So many leases that are over are ended at once: as long nobody else can ask for any of their counters.
const STEP: i64 = 500;

/// Begins a life: that of whoever had the name is over, and asks for nothing more.
pub(super) async fn enlist(client: &Client, name: &str) -> Result<Replica, StoreError> {
    let sql = "INSERT INTO switchtower_replicas AS known VALUES ($1, 1) \
        ON CONFLICT (name) DO UPDATE SET life = known.life + 1 RETURNING life";
    let life = client.query_typed_one(sql, &[(&name, Type::TEXT)]).await;
    let life: i64 = life.and_then(|row| row.try_get(0)).map_err(meaning)?;
    Ok(Replica {
        name: name.to_owned(),
        life: life.unsigned_abs(),
    })
}

/// What is free of the leases of the lives before is taken back: of so many of them, after this counter, by their order. Returns the
/// last.
pub(super) async fn end_before(
    client: &Client,
    replica: &Replica,
    after: &str,
) -> Result<Option<String>, StoreError> {
    let before = "replica = $1 AND life < $2 AND counter = ANY($3)";
    let who = (&*replica.name, small(replica.life).cast_signed());
    begin(client).await?;
    let some = lock(client, "replica = $1 AND life < $2", who, after).await?;
    let sql = format!(
        "UPDATE switchtower_leases SET granted = least(granted, charged + held + reserve), expires = 0 WHERE {before}"
    );
    let ended = ended(&who, &some);
    client.execute_typed(&sql, &ended).await.map_err(meaning)?;
    let settled = format!("{before} AND held = 0 AND reserve = 0");
    fold(client, &settled, who, &some).await?;
    commit(client).await?;
    Ok(last(some))
}

pub(super) async fn lives(client: &Client) -> Result<Vec<Life>, StoreError> {
    let sql = "SELECT l.replica, l.life, l.life = r.life, max(l.expires), \
        least(sum(l.held), 9223372036854775807)::bigint, least(sum(l.reserve), 9223372036854775807)::bigint, \
        max(l.expires) <= (extract(epoch FROM clock_timestamp()) * 1000000)::int8 \
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
            is_over: row.try_get(6)?,
        })
    };
    found.iter().map(|row| life(row).map_err(meaning)).collect()
}

/// This life asks for nothing more.
pub(super) async fn end(client: &Client, replica: &Replica) -> Result<(), StoreError> {
    let life = small(replica.life).cast_signed();
    let who = [(&replica.name as _, Type::TEXT), (&life as _, Type::INT8)];
    let sql = "UPDATE switchtower_replicas SET life = life + 1 WHERE name = $1 AND life = $2";
    let ended = client.execute_typed(sql, &who).await;
    ended.map(drop).map_err(meaning)
}

/// It gives back so many leases, after that of this counter, by their order. Returns the last, and how much was free.
pub(super) async fn release(
    client: &Client,
    replica: &Replica,
    after: &str,
) -> Result<(Option<String>, u64), StoreError> {
    let who = (&*replica.name, small(replica.life).cast_signed());
    begin(client).await?;
    let some = lock(client, "replica = $1 AND life = $2", who, after).await?;
    let its = "replica = $1 AND life = $2 AND counter = ANY($3)";
    let freed = fold(client, its, who, &some).await?;
    commit(client).await?;
    Ok((last(some), freed))
}

/// Whose leases, and on which counters.
fn ended<'a>(
    who: &'a (&'a str, i64),
    some: &'a Vec<String>,
) -> [(&'a (dyn ToSql + Sync), Type); 3] {
    [
        (&who.0, Type::TEXT),
        (&who.1, Type::INT8),
        (some, Type::TEXT_ARRAY),
    ]
}

/// There may be more after this one.
fn last(mut some: Vec<String>) -> Option<String> {
    let is_full = some.len() as i64 == STEP;
    some.pop().filter(|_| is_full)
}

/// Locks some of the counters of these leases, and them.
async fn lock(
    client: &Client,
    whose: &str,
    who: (&str, i64),
    after: &str,
) -> Result<Vec<String>, StoreError> {
    let sql = format!(
        "SELECT DISTINCT counter FROM switchtower_leases WHERE {whose} AND counter > $3 ORDER BY counter LIMIT {STEP}"
    );
    let (name, life) = ((&who.0 as _, Type::TEXT), (&who.1 as _, Type::INT8));
    let all = [name, life, (&after as _, Type::TEXT)];
    let some = client.query_typed(&sql, &all).await.map_err(meaning)?;
    let some = some.iter().map(|row| row.try_get(0).map_err(meaning));
    let some: Vec<String> = some.collect::<Result<_, _>>()?;
    let sql = "SELECT FROM switchtower_counters WHERE name = ANY($1) ORDER BY name FOR UPDATE";
    let named = [(&some as _, Type::TEXT_ARRAY)];
    client.query_typed(sql, &named).await.map_err(meaning)?;
    let sql = format!(
        "SELECT FROM switchtower_leases WHERE {whose} AND counter = ANY($3) {IN_ORDER} FOR UPDATE"
    );
    let locked = client.query_typed(&sql, &ended(&who, &some)).await;
    locked.map_err(meaning)?;
    Ok(some)
}

/// What these leases have drawn was spent before anybody leased, from now on; and nothing stays of them. Returns what of them was
/// free.
async fn fold(
    client: &Client,
    whose: &str,
    who: (&str, i64),
    some: &Vec<String>,
) -> Result<u64, StoreError> {
    let sql = format!(
        "WITH gone AS (DELETE FROM switchtower_leases WHERE {whose} RETURNING counter, granted, charged + held AS spent), \
         sums AS (SELECT counter, sum(spent) AS spent, sum(greatest(granted - spent, 0)) AS free FROM gone GROUP BY counter), \
         added AS (UPDATE switchtower_counters c SET opening = least(c.opening + sums.spent, 9223372036854775807)::bigint \
            FROM sums WHERE c.name = sums.counter) \
         SELECT least(coalesce(sum(free), 0), 9223372036854775807)::bigint FROM sums"
    );
    let free = client.query_typed_one(&sql, &ended(&who, some)).await;
    let free: i64 = free.and_then(|row| row.try_get(0)).map_err(meaning)?;
    Ok(free.unsigned_abs())
}
