//! A row as the database has it: JSON with the names of its columns.

use serde::{Deserialize, Serialize};

use super::text::{clean, cleaned, small};
use crate::money::Money;
use crate::settle::Certainty;
use crate::settle::store::micros::{micros_of, time_of};
use crate::settle::store::{AttemptRow, Row, StoreError};
use crate::usage::Usage;

/// A [`Row`], with what PostgreSQL can hold of it.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Stored {
    id: String,
    created: i64,
    account: String,
    key: Option<String>,
    user: Option<String>,
    tag: Option<String>,
    requested: Option<String>,
    model: Option<String>,
    provider: Option<String>,
    endpoint: Option<String>,
    operation: String,
    streamed: bool,
    end: String,
    finish: Option<String>,
    #[serde(with = "Tokens")]
    usage: Usage,
    charge: Option<i64>,
    #[serde(with = "Sure")]
    certainty: Certainty,
    fee: i64,
    held: i64,
    byok_counted: i64,
    first_token: Option<u64>,
    took: u64,
    referer: Option<String>,
    title: Option<String>,
    user_agent: Option<String>,
    attempts: Vec<Tried>,
    answered_by: Option<u32>,
}

/// An [`AttemptRow`]: what it has not is left out.
#[derive(Debug, Deserialize, Serialize)]
struct Tried {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    model: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    provider: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    endpoint: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    upstream_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    #[serde(default, skip_serializing_if = "is_false")]
    byok: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    end: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    first_token: Option<u64>,
    took: u64,
    #[serde(default, skip_serializing_if = "is_false")]
    ambiguous: bool,
    #[serde(with = "Tokens")]
    usage: Usage,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cost: Option<i64>,
    #[serde(with = "Sure")]
    certainty: Certainty,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at_most: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reported: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tier: Option<String>,
}

/// A [`Usage`], without what is zero.
#[derive(Deserialize, Serialize)]
#[serde(remote = "Usage")]
struct Tokens {
    #[serde(default, skip_serializing_if = "is_zero")]
    input: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    cache_read: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    cache_write: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    cache_write_1h: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    audio_input: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    audio_cache_read: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    image_input: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    output: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    reasoning: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    audio_output: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    image_output: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    images: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    web_searches: u64,
}

/// A [`Certainty`].
#[derive(Deserialize, Serialize)]
#[serde(remote = "Certainty", rename_all = "lowercase")]
enum Sure {
    Exact,
    Estimated,
    Unknown,
}

/// The columns, with their types.
pub(super) const COLUMNS: &str = "id text, created bigint, account text, key text, \"user\" text, tag text, \
    requested text, model text, provider text, endpoint text, operation text, streamed boolean, \"end\" text, \
    finish text, usage jsonb, charge bigint, certainty text, fee bigint, held bigint, \
    byok_counted bigint, first_token bigint, took bigint, \
    referer text, title text, user_agent text, attempts jsonb, answered_by bigint";

// === impl Stored ===

impl From<&Row> for Stored {
    fn from(row: &Row) -> Self {
        Self {
            id: row.id.as_str().to_owned(),
            created: micros_of(row.created),
            account: clean(&row.account),
            key: row.key.map(|key| key.to_string()),
            user: cleaned(row.user.as_deref()),
            tag: cleaned(row.tag.as_deref()),
            requested: cleaned(row.requested.as_deref()),
            model: cleaned(row.model.as_deref()),
            provider: cleaned(row.provider.as_deref()),
            endpoint: cleaned(row.endpoint.as_deref()),
            operation: clean(&row.operation),
            streamed: row.streamed,
            end: clean(&row.end),
            finish: cleaned(row.finish.as_deref()),
            usage: row.usage,
            charge: row.charge.map(Money::picodollars),
            certainty: row.certainty,
            fee: row.fee.picodollars(),
            held: row.held.picodollars(),
            byok_counted: row.byok_counted.picodollars(),
            first_token: row.first_token.map(small),
            took: small(row.took),
            referer: cleaned(row.referer.as_deref()),
            title: cleaned(row.title.as_deref()),
            user_agent: cleaned(row.user_agent.as_deref()),
            attempts: row.attempts.iter().map(Tried::from).collect(),
            answered_by: row.answered_by,
        }
    }
}

impl Stored {
    /// The row of this name that this JSON is.
    pub(super) fn read(id: &str, json: &str) -> Result<Row, StoreError> {
        let stored: Result<Self, _> = serde_json::from_str(json);
        let row = stored.ok().and_then(Self::row);
        row.ok_or_else(|| StoreError::Corrupt(format!("switchtower_rows: {id}")))
    }

    /// As it will be read again.
    pub(super) fn row(self) -> Option<Row> {
        Some(Row {
            id: self.id.parse().ok()?,
            created: time_of(self.created),
            account: self.account,
            key: match self.key {
                Some(key) => Some(key.parse().ok()?),
                None => None,
            },
            user: self.user,
            tag: self.tag,
            requested: self.requested,
            model: self.model,
            provider: self.provider,
            endpoint: self.endpoint,
            operation: self.operation,
            streamed: self.streamed,
            end: self.end,
            finish: self.finish,
            usage: self.usage,
            charge: self.charge.map(Money::from_picodollars),
            certainty: self.certainty,
            fee: Money::from_picodollars(self.fee),
            held: Money::from_picodollars(self.held),
            byok_counted: Money::from_picodollars(self.byok_counted),
            first_token: self.first_token,
            took: self.took,
            referer: self.referer,
            title: self.title,
            user_agent: self.user_agent,
            attempts: self.attempts.into_iter().map(AttemptRow::from).collect(),
            answered_by: self.answered_by,
        })
    }
}

// === impl Tried ===

impl From<&AttemptRow> for Tried {
    fn from(attempt: &AttemptRow) -> Self {
        Self {
            model: cleaned(attempt.model.as_deref()),
            provider: cleaned(attempt.provider.as_deref()),
            endpoint: cleaned(attempt.endpoint.as_deref()),
            upstream_id: cleaned(attempt.upstream_id.as_deref()),
            key: cleaned(attempt.key.as_deref()),
            byok: attempt.byok,
            status: attempt.status,
            end: clean(&attempt.end),
            first_token: attempt.first_token,
            took: attempt.took,
            ambiguous: attempt.ambiguous,
            usage: attempt.usage,
            cost: attempt.cost.map(Money::picodollars),
            certainty: attempt.certainty,
            at_most: attempt.at_most.map(Money::picodollars),
            reported: attempt.reported.map(Money::picodollars),
            tier: cleaned(attempt.tier.as_deref()),
        }
    }
}

impl From<Tried> for AttemptRow {
    fn from(tried: Tried) -> Self {
        Self {
            model: tried.model,
            provider: tried.provider,
            endpoint: tried.endpoint,
            upstream_id: tried.upstream_id,
            key: tried.key,
            byok: tried.byok,
            status: tried.status,
            end: tried.end,
            first_token: tried.first_token,
            took: tried.took,
            ambiguous: tried.ambiguous,
            usage: tried.usage,
            cost: tried.cost.map(Money::from_picodollars),
            certainty: tried.certainty,
            at_most: tried.at_most.map(Money::from_picodollars),
            reported: tried.reported.map(Money::from_picodollars),
            tier: tried.tier,
        }
    }
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

fn is_false(word: &bool) -> bool {
    !word
}
