//! `GET /generations`: the rows themselves, a page at a time.

use std::time::SystemTime;

use axum::body::Body;
use axum::extract::State;
use http::{HeaderMap, Response, Uri};

use super::operator::{Asked, Told, Untold, told};
use super::table::{Cell, Table};
use crate::calendar::{Day, timestamp};
use crate::clock::wall;
use crate::gateway::input::wrong;
use crate::gateway::router::Door;
use crate::generation::GenerationId;
use crate::money::Money;
use crate::settle::Certainty;
use crate::settle::store::{AttemptRow, Row, RowQuery, Store};

/// Rows of one page.
const MOST: usize = 10_000;
const USUAL: usize = 1_000;

/// A line is an attempt, as a provider's invoice has it; what concerns the request stands in the line of the attempt that
/// answered, so that a column adds up.
const COLUMNS: [&str; 27] = [
    "id",
    "created_at",
    "account",
    "key",
    "user",
    "tag",
    "requested",
    "end",
    "charge",
    "charge_certainty",
    "fee",
    "attempt",
    "model",
    "provider",
    "endpoint",
    "upstream_id",
    "attempt_end",
    "prompt_tokens",
    "cached_tokens",
    "completion_tokens",
    "reasoning_tokens",
    "byok",
    "cost",
    "cost_at_most",
    "byok_cost",
    "certainty",
    "answered",
];

pub(in crate::gateway) async fn generations(
    State(door): State<Door>,
    uri: Uri,
    headers: HeaderMap,
) -> Response<Body> {
    told(door, uri, headers, |store, asked| {
        page(store, asked, Day::of(wall()))
    })
    .await
}

fn page(store: &dyn Store, asked: &Asked, today: Day) -> Result<Told, Untold> {
    let query = &asked.query;
    let form = query.form()?;
    let (from, to) = query.days(today)?;
    let after = match query.get("after")? {
        None => None,
        Some(id) => Some(place(store, id)?),
    };
    let rows = store.rows(&RowQuery {
        from: from.start(),
        to: to.start(),
        account: asked.account.clone(),
        key: query.key("key")?,
        after,
        limit: query.limit(USUAL, MOST)?,
    });
    let rows = rows?.iter().flat_map(lines).collect();
    let columns = COLUMNS.to_vec();
    let text = Table { columns, rows }.tell(form)?;
    Ok(Told { text, form })
}

/// Where the page before has ended.
fn place(store: &dyn Store, id: &str) -> Result<(SystemTime, GenerationId), Untold> {
    let unknown = || wrong("after", "names no generation");
    let id: GenerationId = id.parse().map_err(|_| unknown())?;
    let row = store.row(&id)?.ok_or_else(unknown)?;
    Ok((row.created, id))
}

fn lines(row: &Row) -> Vec<Vec<Cell>> {
    let answered = row.answered_by.map(|place| place as usize);
    let attempts = row.attempts.iter().enumerate();
    let mut lines: Vec<_> = attempts
        .map(|(at, attempt)| line(row, Some((at, attempt)), answered == Some(at)))
        .collect();
    if answered.is_none_or(|place| place >= lines.len()) {
        lines.push(line(row, None, true));
    }
    lines
}

fn line(row: &Row, attempt: Option<(usize, &AttemptRow)>, answered: bool) -> Vec<Cell> {
    let text = |text: Option<&str>| Cell::Text(text.map(str::to_owned));
    let of = attempt.map(|(_, attempt)| attempt);
    let usage = of.map(|attempt| &attempt.usage);
    // What the operator is billed, and what the caller is, in columns of their own.
    let cost = |byok, of_attempt: &dyn Fn(&AttemptRow) -> Option<Money>| {
        let billed = of.filter(|attempt| attempt.byok == byok);
        Cell::Money(billed.and_then(of_attempt).map(Into::into))
    };
    vec![
        text(Some(row.id.as_str())),
        Cell::Text(Some(timestamp(row.created))),
        text(Some(&row.account)),
        Cell::Text(row.key.map(|key| key.to_string())),
        text(row.user.as_deref()),
        text(row.tag.as_deref()),
        text(row.requested.as_deref()),
        text(Some(&row.end)),
        Cell::Money(row.charge.filter(|_| answered).map(Into::into)),
        text(answered.then(|| certainty(row.certainty))),
        Cell::Money(answered.then(|| row.fee.into())),
        Cell::Number(attempt.map(|(at, _)| at as u64 + 1)),
        text(of.and_then(|attempt| attempt.model.as_deref())),
        text(of.and_then(|attempt| attempt.provider.as_deref())),
        text(of.and_then(|attempt| attempt.endpoint.as_deref())),
        text(of.and_then(|attempt| attempt.upstream_id.as_deref())),
        text(of.map(|attempt| &*attempt.end)),
        Cell::Number(usage.map(|usage| usage.prompt_tokens())),
        Cell::Number(usage.map(|usage| usage.cache_read)),
        Cell::Number(usage.map(|usage| usage.completion_tokens())),
        Cell::Number(usage.map(|usage| usage.reasoning)),
        Cell::Flag(of.is_some_and(|attempt| attempt.byok)),
        cost(false, &|attempt| attempt.cost),
        cost(false, &|attempt| attempt.at_most),
        cost(true, &|attempt| attempt.cost),
        text(of.map(|attempt| certainty(attempt.certainty))),
        Cell::Flag(answered),
    ]
}

fn certainty(certainty: Certainty) -> &'static str {
    match certainty {
        Certainty::Exact => "exact",
        Certainty::Estimated => "estimated",
        Certainty::Unknown => "unknown",
    }
}
