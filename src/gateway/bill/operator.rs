//! Questions that a store answers, to whoever may manage.

use std::sync::Arc;

use axum::body::Body;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{HeaderMap, Response, StatusCode, Uri};

use super::table::Form;
use crate::caller::Caller;
use crate::error::Error;
use crate::gateway::blocking::{blocking, failed};
use crate::gateway::query::Query;
use crate::gateway::router::Door;
use crate::gateway::{json, refuse};
use crate::kind::Kind;
use crate::settle::store::{Store, StoreError};

/// An answer, and what it is.
pub(super) struct Told {
    pub(super) text: String,
    pub(super) form: Form,
}

/// What is asked, and for which account.
pub(super) struct Asked {
    pub(super) query: Query,
    /// None for all of them.
    pub(super) account: Option<String>,
}

/// Why is there no answer? Errors of the store are its own.
pub(super) enum Untold {
    Asked(Error),
    Store(StoreError),
}

/// Asks the store, on a thread that may wait, if the caller has a management key.
pub(super) async fn told<F>(door: Door, uri: Uri, headers: HeaderMap, ask: F) -> Response<Body>
where
    F: FnOnce(&dyn Store, &Asked) -> Result<Told, Untold> + Send + 'static,
{
    let answered = async {
        let caller = json::manager(&door, &headers)?;
        let store = store(&door)?;
        let asked = Asked::read(&uri, &caller)?;
        let told = blocking(move || ask(&*store, &asked)).await;
        told.map_err(Untold::error)
    };
    match answered.await {
        Ok(told) => response(StatusCode::OK, told),
        Err(error) => refuse::response(&error, door.dialect, None),
    }
}

/// Where the books are.
pub(super) fn store(door: &Door) -> Result<Arc<dyn Store>, Error> {
    let store = door.gateway.books.store().cloned();
    let none = "this gateway keeps no books that outlive it: give it a ledger with a store";
    store.ok_or_else(|| Error::new(Kind::NotFound, none))
}

pub(super) fn response(status: StatusCode, told: Told) -> Response<Body> {
    let mut response = Response::new(Body::from(told.text));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static(match told.form {
        Form::Json => "application/json",
        Form::Csv => "text/csv; charset=utf-8",
    });
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

// === impl Asked ===

impl Asked {
    fn read(uri: &Uri, caller: &Caller) -> Result<Self, Error> {
        let query = Query::read(uri)?;
        let account = json::account(caller, query.get("account")?)?;
        Ok(Self { query, account })
    }

    /// The one account that is asked for: where none is, the operator's own.
    pub(super) fn one_account(&self) -> &str {
        self.account.as_deref().unwrap_or(Caller::ACCOUNT)
    }
}

// === impl Untold ===

impl Untold {
    pub(super) fn error(self) -> Error {
        match self {
            Self::Asked(error) => error,
            Self::Store(why) => failed(&why),
        }
    }
}

impl From<Error> for Untold {
    fn from(error: Error) -> Self {
        Self::Asked(error)
    }
}

impl From<StoreError> for Untold {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}
