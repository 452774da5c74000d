//! `GET /credits`, and `POST /credits`, by which an operator gives them.

use axum::body::Body;
use axum::extract::{Request, State};
use http::{HeaderMap, Response, StatusCode, Uri};
use serde::Serialize;

use super::operator::{self, Asked, Told, Untold, told};
use super::statement::ShownCredit;
use super::table::Form;
use crate::calendar::Day;
use crate::caller::Caller;
use crate::clock::wall;
use crate::error::Error;
use crate::gateway::blocking::{blocking, to_its_end};
use crate::gateway::input::{Input, body, required, wrong};
use crate::gateway::router::Door;
use crate::gateway::{json, refuse};
use crate::kind::Kind;
use crate::money::{Money, Ratio, Total};
use crate::settle::store::{Credit, CreditKind, Entry, SpendQuery, Store, StoreError};

const LONGEST_NAME: usize = 128;
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

pub(in crate::gateway) async fn credits(
    State(door): State<Door>,
    uri: Uri,
    headers: HeaderMap,
) -> Response<Body> {
    told(door, uri, headers, totals).await
}

fn totals(store: &dyn Store, asked: &Asked) -> Result<Told, Untold> {
    let account = asked.one_account();
    let (first, last) = (Day::from_number(0), Day::from_number(i32::MAX));
    let mut given = Total::default();
    let mut add = |credit: Credit| given += credit.amount.into();
    store.each_credit(Some(account), (first, last), &mut add)?;
    let spent = store.spend(&SpendQuery {
        from: first,
        to: last,
        by: Vec::new(),
        account: Some(account.to_owned()),
        keys: None,
        user: None,
        tag: None,
        limit: 1,
    })?;
    let used = spent
        .iter()
        .map(|spend| spend.charge.saturating_add(spend.fee));
    let text = json::text(&Data {
        data: Credits {
            total_credits: given,
            total_usage: used.map(Total::from_picodollars).sum(),
        },
    })?;
    Ok(Told {
        text,
        form: Form::Json,
    })
}

pub(in crate::gateway) async fn grant(
    State(door): State<Door>,
    request: Request,
) -> Response<Body> {
    match granted(&door, request).await {
        Ok(text) => {
            let form = Form::Json;
            operator::response(StatusCode::CREATED, Told { text, form })
        }
        Err(error) => refuse::response(&error, door.dialect, None),
    }
}

async fn granted(door: &Door, request: Request) -> Result<String, Error> {
    let (parts, sent) = request.into_parts();
    let caller = json::manager(door, &parts.headers)?;
    // Who manages an account of many may not fill it.
    if caller.account_name() != Caller::ACCOUNT {
        let message = "only the operator's management keys may give credits";
        return Err(Error::new(Kind::Forbidden, message));
    }
    let store = operator::store(door)?;
    let credit = read(&body(sent).await?, door.gateway.credit_fee)?;
    let keeper = door.gateway.keeper.clone();
    let given = async move {
        // One after the other: each looks at what there is, and adds to it.
        let turn = keeper.turn().await;
        let written = blocking(move || write(&*store, credit)).await;
        drop(turn);
        let credit = written.map_err(Untold::error)?;
        // It is given, be it known here now or with the next refresh.
        let _ = keeper.credit(&credit.account).await;
        Ok(credit)
    };
    let credit = to_its_end(given).await?;
    json::text(&Data {
        data: ShownCredit::of(&credit),
    })
}

/// Writes it once. Whoever repeats an order is told what came of it the first time.
fn write(store: &dyn Store, credit: Credit) -> Result<Credit, Untold> {
    let (known, given) = before(store, &credit)?;
    if let Some(known) = known {
        return Ok(repeated(known, credit)?);
    }
    if (given + credit.amount.into()).money().is_none() {
        let most = match credit.amount < Money::ZERO {
            true => Money::MIN,
            false => Money::MAX,
        };
        let why = format!("brings what the account was given in all beyond {most} USD");
        return Err(wrong("amount", &why).into());
    }
    match store.commit(&[Entry::Credit(credit.clone())]) {
        Ok(()) => Ok(credit),
        // It is another account's, or somebody else was faster.
        Err(StoreError::Conflict(_)) => {
            let (known, _) = before(store, &credit)?;
            Ok(repeated(known.ok_or_else(taken)?, credit)?)
        }
        Err(error) => Err(error.into()),
    }
}

/// The one of this name, if its account has it, and all that the account was given.
fn before(store: &dyn Store, credit: &Credit) -> Result<(Option<Credit>, Total), StoreError> {
    let days = (Day::from_number(0), Day::from_number(i32::MAX));
    let (mut known, mut given) = (None, Total::ZERO);
    let mut look = |other: Credit| {
        given += other.amount.into();
        known = known.take().or(Some(other).filter(|it| it.id == credit.id));
    };
    store.each_credit(Some(&credit.account), days, &mut look)?;
    Ok((known, given))
}

/// What came of it the first time, if it is the same.
fn repeated(known: Credit, again: Credit) -> Result<Credit, Error> {
    let again = Credit {
        created: known.created,
        // The fee is the gateway's word, not the order's, and may be another one since.
        fee: known.fee,
        ..again
    };
    match known == again {
        true => Ok(known),
        false => Err(taken()),
    }
}

fn taken() -> Error {
    wrong("id", "is the name of another credit")
}

fn read(sent: &[u8], fee: Ratio) -> Result<Credit, Error> {
    let mut input = Input::read(sent)?;
    let id = required("id", input.text("id", LONGEST_NAME)?)?;
    let account = input.text("account", LONGEST_NAME)?.flatten();
    let amount = required("amount", input.amount("amount")?)?;
    let kind = input.text("kind", LONGEST_NAME)?.flatten();
    let note = input.text("note", LONGEST_NOTE)?.flatten();
    input.finish()?;
    let kind = match kind.as_deref() {
        None => CreditKind::Grant,
        Some(name) => {
            let mut kinds = CreditKind::ALL.into_iter();
            let named = kinds.find(|kind| kind.as_str() == name);
            named.ok_or_else(|| wrong("kind", "is neither `grant`, `adjustment` nor `refund`"))?
        }
    };
    if amount.is_zero() || (amount < Money::ZERO && kind != CreditKind::Adjustment) {
        let why = "is not above zero, which only an adjustment may be below";
        return Err(wrong("amount", why));
    }
    Ok(Credit {
        id,
        account: account.unwrap_or_else(|| Caller::ACCOUNT.to_owned()),
        kind,
        amount,
        // What is given back, or put right, costs nothing.
        fee: match kind {
            CreditKind::Grant => fee.of(amount),
            CreditKind::Adjustment | CreditKind::Refund => Money::ZERO,
        },
        created: wall(),
        note: note.unwrap_or_default(),
    })
}
