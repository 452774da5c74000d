//! Counters and leases, as rows.

use serde::{Deserialize, Serialize};
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Row};

use super::fault::meaning;
use super::text::small;
use super::write::json;
use crate::settle::lease::{Ask, Leased, Replica, Spent, Told};
use crate::settle::store::StoreError;
use crate::settle::store::micros::{micros_of, time_of};

/// A [`Leased`], as JSON with the names of its columns.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub(super) struct Kept {
    pub(super) counter: String,
    replica: String,
    life: u64,
    granted: u64,
    reserve: u64,
    turn: u64,
    charged: u64,
    held: u64,
    beyond: u64,
    unrecorded: u64,
    expires: i64,
}

/// A counter, likewise.
#[derive(Debug, Serialize)]
pub(super) struct Counter<'a> {
    pub(super) name: &'a str,
    pub(super) opening: u64,
    pub(super) wanted: bool,
    pub(super) ends: Option<i64>,
}

const COLUMNS: &str = "counter text, replica text, life bigint, granted bigint, reserve bigint, turn bigint, \
    charged bigint, held bigint, beyond bigint, unrecorded bigint, expires bigint";
pub(super) const COUNTER_COLUMNS: &str = "name text, opening bigint, wanted boolean, ends bigint";

pub(super) async fn put(client: &Client, kept: &[Kept]) -> Result<(), StoreError> {
    if kept.is_empty() {
        return Ok(());
    }
    let sql = format!(
        "INSERT INTO switchtower_leases SELECT * FROM jsonb_to_recordset($1::text::jsonb) AS new({COLUMNS}) \
         ON CONFLICT (counter, replica, life) DO UPDATE SET granted = excluded.granted, reserve = excluded.reserve, \
         turn = excluded.turn, charged = excluded.charged, held = excluded.held, beyond = excluded.beyond, \
         unrecorded = excluded.unrecorded, expires = excluded.expires"
    );
    let kept = json(kept)?;
    let written = client.execute_typed(&sql, &[(&kept, Type::TEXT)]).await;
    written.map(drop).map_err(meaning)
}

pub(super) fn damaged(error: serde_json::Error, json: &str) -> StoreError {
    StoreError::Corrupt(format!("switchtower_leases: {error}: {json}"))
}

// === impl Counter ===

impl<'a> Counter<'a> {
    pub(super) fn new(ask: &'a Ask) -> Option<Self> {
        Some(Self {
            name: &ask.counter,
            // What is in the books, the counter finds.
            opening: ask.opening.map(|_| 0)?,
            wanted: false,
            ends: ask.ends.map(micros_of),
        })
    }
}

// === impl Kept ===

impl Kept {
    pub(super) fn of(counter: &str, lease: &Leased) -> Self {
        let Told {
            turn,
            spent,
            unrecorded,
        } = lease.told;
        Self {
            counter: counter.to_owned(),
            replica: lease.replica.name.clone(),
            life: small(lease.replica.life),
            granted: small(lease.granted),
            reserve: small(lease.reserve),
            turn: small(turn),
            charged: small(spent.charged),
            held: small(spent.held),
            beyond: small(spent.over),
            unrecorded: small(unrecorded),
            expires: micros_of(lease.expires),
        }
    }

    pub(super) fn of_row(row: &Row) -> Result<Self, StoreError> {
        let json: &str = row.try_get(0).map_err(meaning)?;
        serde_json::from_str(json).map_err(|error| damaged(error, json))
    }

    pub(super) fn leased(&self) -> Leased {
        Leased {
            replica: Replica {
                name: self.replica.clone(),
                life: self.life,
            },
            granted: self.granted,
            reserve: self.reserve,
            told: Told {
                turn: self.turn,
                spent: Spent {
                    charged: self.charged,
                    held: self.held,
                    over: self.beyond,
                },
                unrecorded: self.unrecorded,
            },
            expires: time_of(self.expires),
        }
    }
}
