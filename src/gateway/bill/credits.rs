//! `GET /credits`, and `POST /credits`, by which an operator gives them.

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use http::{Response, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::operator::{Told, blocking, failed, response, store, told};
use super::query::{Query, wrong};
use super::statement::ShownCredit;
use super::table::Form;
use crate::calendar::Day;
use crate::caller::Caller;
use crate::clock::wall;
use crate::error::Error;
use crate::gateway::refuse;
use crate::gateway::router::Door;
use crate::kind::Kind;
use crate::money::{Money, ParsePriceError, Ratio, Total};
use crate::settle::store::{Credit, CreditKind, Entry, SpendQuery, Store, StoreError};

/// A name, an amount and a note take less.
const MOST_BYTES: usize = 16 * 1024;
const LONGEST_ID: usize = 128;
const LONGEST_NOTE: usize = 512;

#[derive(Serialize)]
struct Data<T> {
    data: T,
}

#[derive(Serialize)]
struct Credits {
    total_credits: Total,
    total_usage: Total,
}

/// What an operator sends.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Granted {
    id: String,
    account: Option<String>,
    kind: Option<String>,
    // A number or a text, read digit for digit.
    amount: Box<RawValue>,
    note: Option<String>,
}

pub(in crate::gateway) async fn credits(
    State(door): State<Door>,
    request: Request,
) -> Response<Body> {
    told(door, request, totals).await
}

/// Of one account, or of the one of keys that name none.
fn totals(store: &dyn Store, query: &Query) -> Result<Told, Error> {
    let account = query.get("account")?.unwrap_or(Caller::ACCOUNT);
    let ever = (Day::from_number(0), Day::from_number(i32::MAX));
    let credits = store.credits(account, ever.0, ever.1).map_err(failed)?;
    let spent = store.spend(&SpendQuery {
        from: ever.0,
        to: ever.1,
        by: Vec::new(),
        account: Some(account.to_owned()),
        key: None,
        user: None,
        tag: None,
        limit: 1,
    });
    let spent = spent.map_err(failed)?;
    let used = spent.iter().map(|spend| spend.charge.saturating_add(spend.fee));
    json(&Credits {
        total_credits: credits.iter().map(|credit| credit.amount).sum(),
        total_usage: used.map(Total::from_picodollars).sum(),
    })
}

pub(in crate::gateway) async fn grant(
    State(door): State<Door>,
    request: Request,
) -> Response<Body> {
    match granted(&door, request).await {
        Ok(told) => {
            let mut response = response(told);
            *response.status_mut() = StatusCode::CREATED;
            response
        }
        Err(error) => refuse::response(&error, door.dialect, None),
    }
}

async fn granted(door: &Door, request: Request) -> Result<Told, Error> {
    door.gateway.keys.check_management(request.headers())?;
    let books = door.gateway.books.clone();
    let body = to_bytes(request.into_body(), MOST_BYTES).await;
    let body = body.map_err(|source| {
        Error::new(Kind::TooLarge, "a credit has at most 16 KiB").with_source(source)
    })?;
    let credit = read(&body, door.gateway.credit_fee)?;
    let written = books.enter(Entry::Credit(credit.clone())).await;
    let credit = match written {
        Ok(()) => credit,
        // Whoever repeats an order is told what came of it the first time.
        Err(StoreError::Conflict(_)) => known(door, credit).await?,
        Err(error) => return Err(failed(error)),
    };
    json(&ShownCredit::of(&credit))
}

/// The credit that was given by this name, if it is the same but for the time.
async fn known(door: &Door, wanted: Credit) -> Result<Credit, Error> {
    let store = store(door)?;
    blocking(move || {
        let ever = (Day::from_number(0), Day::from_number(i32::MAX));
        let credits = store.credits(&wanted.account, ever.0, ever.1);
        let known = credits.map_err(failed)?.into_iter().find(|known| known.id == wanted.id);
        let same = |known: &Credit| {
            let created = known.created;
            *known == Credit { created, ..wanted.clone() }
        };
        let other = || wrong("id", "is the name of another credit");
        known.filter(same).ok_or_else(other)
    })
    .await
}

fn read(body: &[u8], fee: Ratio) -> Result<Credit, Error> {
    let granted: Granted = serde_json::from_slice(body).map_err(|why| {
        Error::new(Kind::Invalid, format!("the credit is not understood: {why}"))
    })?;
    let bounded = |name: &str, text: String, most: usize| match text.len() <= most {
        true => Ok(text),
        false => Err(wrong(name, &format!("has more than {most} bytes"))),
    };
    let id = bounded("id", granted.id, LONGEST_ID)?;
    if id.is_empty() {
        return Err(wrong("id", "is empty: name the order, so that it is carried out once"));
    }
    let amount: Money = granted.amount.get().trim_matches('"').parse().map_err(
        |why: ParsePriceError| wrong("amount", &why.to_string()),
    )?;
    let kind = match granted.kind.as_deref() {
        None => CreditKind::Grant,
        Some(name) => CreditKind::ALL
            .into_iter()
            .find(|kind| kind.as_str() == name)
            .ok_or_else(|| wrong("kind", "is neither `grant`, `adjustment` nor `refund`"))?,
    };
    if amount.is_zero() || (amount < Money::ZERO && kind != CreditKind::Adjustment) {
        return Err(wrong("amount", "is not above zero, as all but an adjustment must be"));
    }
    Ok(Credit {
        id,
        account: bounded(
            "account",
            granted.account.unwrap_or_else(|| Caller::ACCOUNT.to_owned()),
            LONGEST_ID,
        )?,
        kind,
        amount,
        // What is given back, or put right, costs nothing.
        fee: match kind {
            CreditKind::Grant => fee.of(amount),
            CreditKind::Adjustment | CreditKind::Refund => Money::ZERO,
        },
        created: wall(),
        note: bounded("note", granted.note.unwrap_or_default(), LONGEST_NOTE)?,
    })
}

fn json<T: Serialize>(data: &T) -> Result<Told, Error> {
    let text = serde_json::to_string(&Data { data });
    let text = text.map_err(|source| Error::new(Kind::Internal, "cannot be told").with_source(source))?;
    Ok(Told { text, form: Form::Json })
}
