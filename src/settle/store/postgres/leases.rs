//! Leases, as the database has them.

use std::time::SystemTime;

use serde::{Deserialize, Serialize};
use tokio_postgres::Client;
use tokio_postgres::types::Type;

use super::fault::meaning;
use super::text::small;
use super::write::json;
use crate::settle::lease::{Ask, Drawn, Grant, Leased, Replica, Shared};
use crate::settle::store::StoreError;
use crate::settle::store::micros::{micros_of, time_of};

/// A [`Leased`], as JSON with the names of its columns.
#[derive(Debug, Deserialize, Serialize)]
struct Kept {
    counter: String,
    replica: String,
    life: u64,
    granted: u64,
    reserve: u64,
    charged: u64,
    held: u64,
    unrecorded: u64,
    turn: u64,
    expires: i64,
}

const COLUMNS: &str = "counter text, replica text, life bigint, granted bigint, reserve bigint, charged bigint, \
    held bigint, unrecorded bigint, turn bigint, expires bigint";

/// Begins a life. What is free of the leases of the one before is taken back.
pub(super) async fn enlist(client: &Client, name: &str) -> Result<Replica, StoreError> {
    client.batch_execute("BEGIN").await.map_err(meaning)?;
    let sql = "INSERT INTO switchtower_replicas AS known VALUES ($1, 1) \
        ON CONFLICT (name) DO UPDATE SET life = known.life + 1 RETURNING life";
    let life = client.query_typed_one(sql, &[(&name, Type::TEXT)]).await;
    let life: i64 = life.and_then(|row| row.try_get(0)).map_err(meaning)?;
    let sql = "UPDATE switchtower_leases SET granted = least(granted, charged + held + reserve), expires = 0 \
        WHERE replica = $1 AND life < $2";
    let ended = [(&name as _, Type::TEXT), (&life as _, Type::INT8)];
    client.execute_typed(sql, &ended).await.map_err(meaning)?;
    client.batch_execute("COMMIT").await.map_err(meaning)?;
    Ok(Replica {
        name: name.to_owned(),
        life: life.unsigned_abs(),
    })
}

/// One counter, which nobody else changes meanwhile.
pub(super) async fn ask(
    client: &Client,
    replica: &Replica,
    ask: &Ask,
) -> Result<Grant, StoreError> {
    let opening = small(ask.opening).cast_signed();
    let new = [(&ask.counter as _, Type::TEXT), (&opening as _, Type::INT8)];
    let named = [(&ask.counter as _, Type::TEXT)];
    let who = [(&replica.name as _, Type::TEXT)];
    let (begun, made, counter, life, leases) = tokio::join! {
        biased;
        client.batch_execute("BEGIN"),
        client.execute_typed("INSERT INTO switchtower_counters VALUES ($1, $2, false) ON CONFLICT DO NOTHING", &new),
        client.query_typed_one("SELECT opening, wanted FROM switchtower_counters WHERE name = $1 FOR UPDATE", &named),
        client.query_typed_opt("SELECT life FROM switchtower_replicas WHERE name = $1 FOR SHARE", &who),
        find(client, &ask.counter, " FOR UPDATE"),
    };
    begun.map_err(meaning)?;
    made.map_err(meaning)?;
    let (counter, leases) = (counter.map_err(meaning)?, leases?);
    let life = life.map_err(meaning)?.map(|row| row.try_get(0));
    let lapsed = || StoreError::Lapsed(ask.counter.clone());
    if life.transpose().map_err(meaning)? != Some(small(replica.life).cast_signed()) {
        return Err(lapsed());
    }
    let opening: i64 = counter.try_get(0).map_err(meaning)?;
    let mut shared = Shared {
        opening: opening.unsigned_abs(),
        wanted: counter.try_get(1).map_err(meaning)?,
        leases,
    };
    let now = now(client).await?;
    let grant = shared.ask(replica, ask, now).map_err(|_| lapsed())?;
    let wanted = [
        (&ask.counter as _, Type::TEXT),
        (&shared.wanted as _, Type::BOOL),
    ];
    let kept: Vec<_> = shared
        .leases
        .iter()
        .map(|lease| Kept::of(&ask.counter, lease))
        .collect();
    let (told, written, committed) = tokio::join! {
        biased;
        client.execute_typed("UPDATE switchtower_counters SET wanted = $2 WHERE name = $1", &wanted),
        put(client, &kept),
        client.batch_execute("COMMIT"),
    };
    told.map_err(meaning)?;
    written?;
    committed.map_err(meaning)?;
    Ok(grant)
}

/// Records what was drawn, in a transaction that has begun.
pub(super) async fn draw(client: &Client, all: &[Drawn]) -> Result<(), StoreError> {
    if all.is_empty() {
        return Ok(());
    }
    let counters: Vec<_> = all.iter().map(|drawn| &*drawn.counter).collect();
    // In one order, as whoever else locks them.
    let sql = "SELECT to_jsonb(l)::text FROM switchtower_leases l WHERE counter = ANY($1) AND replica = $2 \
        ORDER BY counter FOR UPDATE";
    let who = [
        (&counters as _, Type::TEXT_ARRAY),
        (&all[0].replica.name as _, Type::TEXT),
    ];
    let found = client.query_typed(sql, &who).await.map_err(meaning)?;
    let mut kept = Vec::new();
    for row in found {
        kept.push(Kept::read(row.try_get(0).map_err(meaning)?)?);
    }
    let mut changed = Vec::new();
    for drawn in all {
        let mine = kept.iter().find(|kept| {
            kept.counter == drawn.counter
                && (&kept.replica, kept.life) == (&drawn.replica.name, drawn.replica.life)
        });
        let mut lease = match mine {
            Some(kept) => kept.leased(),
            None => return Err(StoreError::Lapsed(drawn.counter.clone())),
        };
        let lapsed = |_| StoreError::Lapsed(drawn.counter.clone());
        lease.draw(drawn).map_err(lapsed)?;
        changed.push(Kept::of(&drawn.counter, &lease));
    }
    put(client, &changed).await
}

pub(super) async fn leases(client: &Client, counter: &str) -> Result<Vec<Leased>, StoreError> {
    find(client, counter, "").await
}

pub(super) async fn release(client: &Client, replica: &Replica) -> Result<(), StoreError> {
    let sql = "UPDATE switchtower_leases SET charged = charged + held, held = 0, reserve = 0, \
        granted = charged + held WHERE replica = $1 AND life = $2";
    let life = small(replica.life).cast_signed();
    let who = [(&replica.name as _, Type::TEXT), (&life as _, Type::INT8)];
    client
        .execute_typed(sql, &who)
        .await
        .map(drop)
        .map_err(meaning)
}

async fn find(client: &Client, counter: &str, lock: &str) -> Result<Vec<Leased>, StoreError> {
    let sql = format!(
        "SELECT to_jsonb(l)::text FROM switchtower_leases l WHERE counter = $1 ORDER BY replica, life{lock}"
    );
    let found = client.query_typed(&sql, &[(&counter, Type::TEXT)]).await;
    let lease = |row: &tokio_postgres::Row| {
        let kept = Kept::read(row.try_get(0).map_err(meaning)?)?;
        Ok(kept.leased())
    };
    found.map_err(meaning)?.iter().map(lease).collect()
}

async fn put(client: &Client, kept: &[Kept]) -> Result<(), StoreError> {
    let sql = format!(
        "INSERT INTO switchtower_leases SELECT * FROM jsonb_to_recordset($1::text::jsonb) AS new({COLUMNS}) \
         ON CONFLICT (counter, replica, life) DO UPDATE SET granted = excluded.granted, reserve = excluded.reserve, \
         charged = excluded.charged, held = excluded.held, unrecorded = excluded.unrecorded, turn = excluded.turn, expires = excluded.expires"
    );
    let kept = json(kept)?;
    let written = client.execute_typed(&sql, &[(&kept, Type::TEXT)]).await;
    written.map(drop).map_err(meaning)
}

async fn now(client: &Client) -> Result<SystemTime, StoreError> {
    let sql = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint";
    let now = client.query_typed_one(sql, &[]).await;
    let now = now.and_then(|row| row.try_get(0)).map_err(meaning)?;
    Ok(time_of(now))
}

// === impl Kept ===

impl Kept {
    fn of(counter: &str, lease: &Leased) -> Self {
        Self {
            counter: counter.to_owned(),
            replica: lease.replica.name.clone(),
            life: small(lease.replica.life),
            granted: small(lease.granted),
            reserve: small(lease.reserve),
            charged: small(lease.charged),
            held: small(lease.held),
            unrecorded: small(lease.unrecorded),
            turn: small(lease.turn),
            expires: micros_of(lease.expires),
        }
    }

    fn read(json: &str) -> Result<Self, StoreError> {
        serde_json::from_str(json)
            .map_err(|error| StoreError::Corrupt(format!("switchtower_leases: {error}: {json}")))
    }

    fn leased(&self) -> Leased {
        Leased {
            replica: Replica {
                name: self.replica.clone(),
                life: self.life,
            },
            granted: self.granted,
            reserve: self.reserve,
            charged: self.charged,
            held: self.held,
            unrecorded: self.unrecorded,
            turn: self.turn,
            expires: time_of(self.expires),
        }
    }
}
