//! The sums of a day, as the database has them.

use std::collections::BTreeMap;

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::settle::store::sums::Cell;
use crate::settle::store::{Row, Spend};

/// One row of the table of sums, to be added to what is there. Money is text, since it may be longer than the numbers of JSON
/// that its readers know.
#[derive(Debug, Serialize)]
pub(super) struct Added {
    day: i32,
    digest: String,
    apart: bool,
    account: String,
    key: Option<String>,
    model: Option<String>,
    provider: Option<String>,
    endpoint: Option<String>,
    user: Option<String>,
    tag: Option<String>,
    requests: u64,
    charge_unknown: u64,
    charge_unknown_held: String,
    charge: String,
    charge_estimated: String,
    fee: String,
    cost_exact: String,
    cost_estimated: String,
    cost_unknown: u64,
    cost_at_most: String,
    cost_no_bound: u64,
    byok_cost: String,
    byok_unknown: u64,
    byok_counted: String,
    prompt_tokens: u64,
    cached_tokens: u64,
    completion_tokens: u64,
    reasoning_tokens: u64,
}

/// The columns of sums.
pub(super) const SUMS: [&str; 18] = [
    "requests",
    "charge_unknown",
    "charge_unknown_held",
    "charge",
    "charge_estimated",
    "fee",
    "cost_exact",
    "cost_estimated",
    "cost_unknown",
    "cost_at_most",
    "cost_no_bound",
    "byok_cost",
    "byok_unknown",
    "byok_counted",
    "prompt_tokens",
    "cached_tokens",
    "completion_tokens",
    "reasoning_tokens",
];

/// What these rows add, in the order of the table: whoever adds at the same time does it in the same order, so that none
/// waits for one that waits for it.
pub(super) fn added<'a>(rows: impl IntoIterator<Item = &'a Row>) -> Vec<Added> {
    let mut sums = BTreeMap::<(i32, bool, String), (Cell, Spend)>::new();
    for row in rows {
        let (cell, spend) = (Cell::of(row), Spend::of_row(row));
        for (apart, cell) in [(false, cell.clone().of_all_users()), (true, cell)] {
            let place = (cell.day.number(), apart, digest(&cell));
            let (_, sum) = sums.entry(place).or_insert((cell, Spend::default()));
            sum.add(&spend);
        }
    }
    let added = |((day, apart, digest), (cell, sum)): (_, (Cell, Spend))| Added {
        day,
        digest,
        apart,
        account: cell.account,
        key: cell.key.map(|key| key.to_string()),
        model: cell.model,
        provider: cell.provider,
        endpoint: cell.endpoint,
        user: cell.user,
        tag: cell.tag,
        requests: sum.requests,
        charge_unknown: sum.charge_unknown,
        charge_unknown_held: sum.charge_unknown_held.to_string(),
        charge: sum.charge.to_string(),
        charge_estimated: sum.charge_estimated.to_string(),
        fee: sum.fee.to_string(),
        cost_exact: sum.cost_exact.to_string(),
        cost_estimated: sum.cost_estimated.to_string(),
        cost_unknown: sum.cost_unknown,
        cost_at_most: sum.cost_at_most.to_string(),
        cost_no_bound: sum.cost_no_bound,
        byok_cost: sum.byok_cost.to_string(),
        byok_unknown: sum.byok_unknown,
        byok_counted: sum.byok_counted.to_string(),
        prompt_tokens: sum.prompt_tokens,
        cached_tokens: sum.cached_tokens,
        completion_tokens: sum.completion_tokens,
        reasoning_tokens: sum.reasoning_tokens,
    };
    sums.into_iter().map(added).collect()
}

/// Names may be longer than a place in an index.
fn digest(cell: &Cell) -> String {
    let key = cell.key.map(|key| key.to_string());
    let names = [
        Some(&cell.account),
        key.as_ref(),
        cell.model.as_ref(),
        cell.provider.as_ref(),
        cell.endpoint.as_ref(),
        cell.user.as_ref(),
        cell.tag.as_ref(),
    ];
    let mut hash = Sha256::new();
    for name in names {
        // None has a length that no name has.
        let length = name.map_or(u64::MAX, |name| name.len() as u64);
        hash.update(length.to_be_bytes());
        hash.update(name.map_or("", |name| name));
    }
    let hash = hash.finalize();
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}
