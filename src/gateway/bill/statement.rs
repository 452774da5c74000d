//! `GET /statement`: an account's month.

use axum::body::Body;
use axum::extract::State;
use http::{HeaderMap, Response, Uri};
use serde::Serialize;

use super::operator::{Asked, Told, Untold, told};
use super::table::{Cell, Form, Table};
use crate::calendar::{Day, timestamp};
use crate::clock::wall;
use crate::error::Error;
use crate::gateway::input::wrong;
use crate::gateway::router::Door;
use crate::kind::Kind;
use crate::money::{Money, Total};
use crate::settle::statements::{Line, Month, Statement, StatementError};
use crate::settle::store::{Credit, Store};

const COLUMNS: [&str; 11] = [
    "kind",
    "name",
    "model",
    "requests",
    "prompt_tokens",
    "completion_tokens",
    "amount",
    "fee",
    "estimated",
    "unpriced",
    "unpriced_held",
];

pub(in crate::gateway) async fn statement(
    State(door): State<Door>,
    uri: Uri,
    headers: HeaderMap,
) -> Response<Body> {
    told(door, uri, headers, |store, asked| {
        read(store, asked, Month::of(Day::of(wall())))
    })
    .await
}

fn read(store: &dyn Store, asked: &Asked, current: Month) -> Result<Told, Untold> {
    let query = &asked.query;
    let form = query.form()?;
    let month = match query.get("month")? {
        None => current,
        Some(month) => month
            .parse()
            .map_err(|_| wrong("month", "is not YYYY-MM"))?,
    };
    let statement = Statement::read(store, asked.one_account(), month);
    let statement = statement.map_err(|error| match error {
        StatementError::Store(error) => error.into(),
        StatementError::TooLong => Untold::Asked(wrong("account", &error.to_string())),
    })?;
    let text = match form {
        Form::Json => json(&statement)?,
        Form::Csv => table(&statement).tell(form)?,
    };
    Ok(Told { text, form })
}

#[derive(Serialize)]
struct Data<'a> {
    data: Shown<'a>,
}

#[derive(Serialize)]
struct Shown<'a> {
    account: &'a str,
    month: String,
    opening: Total,
    credited: Total,
    charged: Total,
    estimated: Total,
    unpriced: u64,
    fees: Total,
    closing: Total,
    credits: Vec<ShownCredit<'a>>,
    lines: Vec<ShownLine<'a>>,
}

#[derive(Serialize)]
pub(super) struct ShownCredit<'a> {
    id: &'a str,
    account: &'a str,
    kind: &'static str,
    amount: Money,
    fee: Money,
    created_at: String,
    note: &'a str,
}

#[derive(Serialize)]
struct ShownLine<'a> {
    key: Option<&'a str>,
    model: Option<&'a str>,
    requests: u64,
    unpriced: u64,
    unpriced_held: Total,
    prompt_tokens: u64,
    completion_tokens: u64,
    charge: Total,
    estimated: Total,
    fee: Total,
}

fn json(statement: &Statement) -> Result<String, Error> {
    let data = Shown {
        account: &statement.account,
        month: statement.month.to_string(),
        opening: statement.opening,
        credited: statement.credited(),
        charged: statement.charged(),
        estimated: statement.estimated(),
        unpriced: statement.unpriced(),
        fees: statement.fees(),
        closing: statement.closing,
        credits: statement.credits.iter().map(ShownCredit::of).collect(),
        lines: statement.lines.iter().map(ShownLine::of).collect(),
    };
    serde_json::to_string(&Data { data })
        .map_err(|source| Error::new(Kind::Internal, "cannot be told").with_source(source))
}

/// One column of amounts, which adds up to the last of them: what is paid stands there below zero.
fn table(statement: &Statement) -> Table {
    let balance = |kind: &str, amount| {
        let mut row = vec![Cell::Text(Some(kind.to_owned()))];
        row.extend([Cell::Text(None), Cell::Text(None)]);
        row.extend([const { Cell::Number(None) }; 3]);
        row.extend([Cell::Money(Some(amount)), Cell::Money(None)]);
        row.extend([Cell::Money(None), Cell::Number(None), Cell::Money(None)]);
        row
    };
    let mut rows = vec![balance("opening", statement.opening)];
    for credit in &statement.credits {
        let mut row = balance(credit.kind.as_str(), credit.amount.into());
        row[1] = Cell::Text(Some(credit.id.clone()));
        row[7] = Cell::Money(Some(credit.fee.into()));
        rows.push(row);
    }
    for line in &statement.lines {
        rows.push(vec![
            Cell::Text(Some("usage".to_owned())),
            Cell::Text(line.key.clone()),
            Cell::Text(line.model.clone()),
            Cell::Number(Some(line.requests)),
            Cell::Number(Some(line.prompt_tokens)),
            Cell::Number(Some(line.completion_tokens)),
            Cell::Money(Some(-(line.charge + line.fee))),
            Cell::Money(Some(line.fee)),
            Cell::Money(Some(line.estimated)),
            Cell::Number(Some(line.unpriced)),
            Cell::Money(Some(line.unpriced_held)),
        ]);
    }
    rows.push(balance("closing", statement.closing));
    let columns = COLUMNS.to_vec();
    Table { columns, rows }
}

// === impl ShownCredit ===

impl<'a> ShownCredit<'a> {
    pub(super) fn of(credit: &'a Credit) -> Self {
        Self {
            id: &credit.id,
            account: &credit.account,
            kind: credit.kind.as_str(),
            amount: credit.amount,
            fee: credit.fee,
            created_at: timestamp(credit.created),
            note: &credit.note,
        }
    }
}

// === impl ShownLine ===

impl<'a> ShownLine<'a> {
    fn of(line: &'a Line) -> Self {
        Self {
            key: line.key.as_deref(),
            model: line.model.as_deref(),
            requests: line.requests,
            unpriced: line.unpriced,
            unpriced_held: line.unpriced_held,
            prompt_tokens: line.prompt_tokens,
            completion_tokens: line.completion_tokens,
            charge: line.charge,
            estimated: line.estimated,
            fee: line.fee,
        }
    }
}
