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
    requests: i128,
    charge_unknown: i128,
    charge_unknown_held: String,
    charge: String,
    charge_estimated: String,
    fee: String,
    cost_exact: String,
    cost_estimated: String,
    cost_unknown: i128,
    cost_at_most: String,
    cost_no_bound: i128,
    byok_cost: String,
    byok_unknown: i128,
    byok_counted: String,
    prompt_tokens: i128,
    cached_tokens: i128,
    completion_tokens: i128,
    reasoning_tokens: i128,
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

/// What these rows add, less what those did, in the order of the table: whoever adds at the same time does it in the same order,
/// so that none waits for one that waits for it.
pub(super) fn changed<'a>(
    more: impl IntoIterator<Item = &'a Row>,
    less: impl IntoIterator<Item = &'a Row>,
) -> Vec<Added> {
    let mut sums = BTreeMap::<(i32, bool, String), (Cell, [Spend; 2])>::new();
    let more = more.into_iter().map(|row| (0, row));
    for (place, row) in more.chain(less.into_iter().map(|row| (1, row))) {
        let (cell, spend) = (Cell::of(row), Spend::of_row(row));
        for (apart, cell) in [(false, cell.clone().of_all_users()), (true, cell)] {
            let of = (cell.day.number(), apart, digest(&cell));
            let (_, sums) = sums.entry(of).or_insert((cell, Default::default()));
            sums[place].add(&spend);
        }
    }
    let added = |((day, apart, digest), (cell, [more, less])): (_, (Cell, [Spend; 2]))| {
        let count = |of: fn(&Spend) -> u64| i128::from(of(&more)) - i128::from(of(&less));
        let money = |of: fn(&Spend) -> i128| of(&more).saturating_sub(of(&less)).to_string();
        Added {
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
            requests: count(|it| it.requests),
            charge_unknown: count(|it| it.charge_unknown),
            charge_unknown_held: money(|it| it.charge_unknown_held),
            charge: money(|it| it.charge),
            charge_estimated: money(|it| it.charge_estimated),
            fee: money(|it| it.fee),
            cost_exact: money(|it| it.cost_exact),
            cost_estimated: money(|it| it.cost_estimated),
            cost_unknown: count(|it| it.cost_unknown),
            cost_at_most: money(|it| it.cost_at_most),
            cost_no_bound: count(|it| it.cost_no_bound),
            byok_cost: money(|it| it.byok_cost),
            byok_unknown: count(|it| it.byok_unknown),
            byok_counted: money(|it| it.byok_counted),
            prompt_tokens: count(|it| it.prompt_tokens),
            cached_tokens: count(|it| it.cached_tokens),
            completion_tokens: count(|it| it.completion_tokens),
            reasoning_tokens: count(|it| it.reasoning_tokens),
        }
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
