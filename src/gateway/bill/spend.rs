//! `GET /spend`: what was spent, by whatever one likes.

use axum::body::Body;
use axum::extract::State;
use http::{HeaderMap, Response, Uri};

use super::operator::{Asked, Told, Untold, told};
use super::table::{Cell, Table};
use crate::calendar::Day;
use crate::clock::wall;
use crate::gateway::input::wrong;
use crate::gateway::router::Door;
use crate::money::Total;
use crate::settle::store::{Dimension, Spend, SpendQuery, Store};

/// As many sums as are told at once.
const MOST: usize = 100_000;

const SUMS: [&str; 18] = [
    "requests",
    "charge",
    "charge_estimated",
    "charge_unknown",
    "charge_unknown_held",
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

pub(in crate::gateway) async fn spend(
    State(door): State<Door>,
    uri: Uri,
    headers: HeaderMap,
) -> Response<Body> {
    told(door, uri, headers, |store, asked| {
        sums(store, asked, Day::of(wall()))
    })
    .await
}

fn sums(store: &dyn Store, asked: &Asked, today: Day) -> Result<Told, Untold> {
    let query = &asked.query;
    let form = query.form()?;
    let (from, to) = query.days(today)?;
    let by = query.by(&[Dimension::Day, Dimension::Model])?;
    let limit = query.limit(MOST, MOST)?;
    let wanted = SpendQuery {
        from,
        to,
        by,
        account: asked.account.clone(),
        keys: query.key("key")?.map(|key| vec![key]),
        user: query.text("user")?,
        tag: query.text("tag")?,
        limit: limit + 1,
    };
    let sums = store.spend(&wanted)?;
    // Half of the sums would add up to half of the money.
    if sums.len() > limit {
        let why = format!("makes more than {limit} sums: ask for fewer days");
        return Err(wrong("by", &why).into());
    }
    let columns = wanted.by.iter().map(|it| it.as_str()).chain(SUMS);
    let columns = columns.collect();
    let rows = sums.into_iter().map(row).collect();
    let text = Table { columns, rows }.tell(form)?;
    Ok(Told { text, form })
}

fn row(spend: Spend) -> Vec<Cell> {
    let money = |picodollars| Cell::Money(Some(Total::from_picodollars(picodollars)));
    let number = |number| Cell::Number(Some(number));
    let sums = [
        number(spend.requests),
        money(spend.charge),
        money(spend.charge_estimated),
        number(spend.charge_unknown),
        money(spend.charge_unknown_held),
        money(spend.fee),
        money(spend.cost_exact),
        money(spend.cost_estimated),
        number(spend.cost_unknown),
        money(spend.cost_at_most),
        number(spend.cost_no_bound),
        money(spend.byok_cost),
        number(spend.byok_unknown),
        money(spend.byok_counted),
        number(spend.prompt_tokens),
        number(spend.cached_tokens),
        number(spend.completion_tokens),
        number(spend.reasoning_tokens),
    ];
    spend.of.into_iter().map(Cell::Text).chain(sums).collect()
}
