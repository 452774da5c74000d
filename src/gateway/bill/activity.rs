//! `GET /activity`: the last thirty days, as OpenRouter tells them.

use axum::body::Body;
use axum::extract::State;
use http::{HeaderMap, Response, Uri};

use super::operator::{Asked, Told, Untold, told};
use super::table::{Cell, Table};
use crate::calendar::Day;
use crate::clock::wall;
use crate::error::Error;
use crate::gateway::input::wrong;
use crate::gateway::keys::WORKSPACE;
use crate::gateway::router::Door;
use crate::money::Total;
use crate::settle::store::{Dimension, Spend, SpendQuery, Store};

/// As many rows as are told at once: endpoints, times days.
const MOST: usize = 100_000;

/// The last two are ours.
const COLUMNS: [&str; 13] = [
    "date",
    "model",
    "model_permaslug",
    "endpoint_id",
    "provider_name",
    "usage",
    "byok_usage_inference",
    "requests",
    "prompt_tokens",
    "completion_tokens",
    "reasoning_tokens",
    "usage_estimated",
    "usage_unknown",
];

pub(in crate::gateway) async fn list(
    State(door): State<Door>,
    uri: Uri,
    headers: HeaderMap,
) -> Response<Body> {
    told(door, uri, headers, |store, asked| {
        activity(store, asked, Day::of(wall()))
    })
    .await
}

fn activity(store: &dyn Store, asked: &Asked, today: Day) -> Result<Told, Untold> {
    let form = asked.query.form()?;
    let by_workspace = by_workspace(asked)?;
    let rows = store.spend(&wanted(asked, today)?)?;
    // Half of the rows would add up to half of the money.
    if rows.len() > MOST {
        let why = format!("is to be one day: of all there are more than {MOST} rows");
        return Err(wrong("date", &why).into());
    }
    let mut rows: Vec<_> = rows.into_iter().map(row).collect();
    let mut columns = COLUMNS.to_vec();
    if by_workspace {
        columns.push("workspace_id");
        let workspace = Cell::Text(Some(WORKSPACE.to_owned()));
        rows.iter_mut().for_each(|row| row.push(workspace.clone()));
    }
    let text = Table { columns, rows }.tell(form)?;
    Ok(Told { text, form })
}

/// Is each row to name the one workspace that there is?
fn by_workspace(asked: &Asked) -> Result<bool, Error> {
    asked.query.workspace()?;
    match asked.query.get("group_by")? {
        None => Ok(false),
        Some("workspace") => Ok(true),
        Some(_) => Err(wrong("group_by", "is not `workspace`")),
    }
}

/// The thirty days before today, which is not over; or one of them.
fn wanted(asked: &Asked, today: Day) -> Result<SpendQuery, Error> {
    let query = &asked.query;
    let (from, to) = match query.day("date")? {
        None => (today.plus(-30), today),
        Some(day) if day < today.plus(-30) || day >= today => {
            return Err(wrong(
                "date",
                "is not one of the last 30 days that are over",
            ));
        }
        Some(day) => (day, day.plus(1)),
    };
    Ok(SpendQuery {
        from,
        to,
        by: vec![
            Dimension::Day,
            Dimension::Model,
            Dimension::Endpoint,
            Dimension::Provider,
        ],
        account: asked.account.clone(),
        keys: query.key("api_key_hash")?.map(|key| vec![key]),
        user: query.text("user_id")?,
        tag: query.text("tag")?,
        limit: MOST + 1,
    })
}

fn row(spend: Spend) -> Vec<Cell> {
    let mut of = spend.of.into_iter().map(Option::unwrap_or_default);
    let mut next = || of.next().unwrap_or_default();
    let (date, model, endpoint, provider) = (next(), next(), next(), next());
    let text = |text: String| Cell::Text(Some(text));
    let money = |picodollars| Cell::Money(Some(Total::from_picodollars(picodollars)));
    let number = |number| Cell::Number(Some(number));
    vec![
        text(date),
        text(model.clone()),
        text(model),
        text(endpoint),
        text(provider),
        money(spend.charge.saturating_add(spend.fee)),
        money(spend.byok_cost),
        number(spend.requests),
        number(spend.prompt_tokens),
        number(spend.completion_tokens),
        number(spend.reasoning_tokens),
        money(spend.charge_estimated),
        number(spend.charge_unknown),
    ]
}
