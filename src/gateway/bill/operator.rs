//! Questions that only an operator may ask, and that a store answers.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use http::Response;
use http::header::{CONTENT_TYPE, HeaderValue};

use super::query::Query;
use super::table::Form;
use crate::error::Error;
use crate::gateway::refuse;
use crate::gateway::router::Door;
use crate::kind::Kind;
use crate::settle::store::{Store, StoreError};

/// An answer, and what it is.
pub(super) struct Told {
    pub(super) text: String,
    pub(super) form: Form,
}

/// Asks the store, on a thread that may wait, if the caller has a management key.
pub(super) async fn told<F>(door: Door, request: Request, ask: F) -> Response<Body>
where
    F: FnOnce(&dyn Store, &Query) -> Result<Told, Error> + Send + 'static,
{
    match answer(&door, &request, ask).await {
        Ok(told) => response(told),
        Err(error) => refuse::response(&error, door.dialect, None),
    }
}

async fn answer<F>(door: &Door, request: &Request, ask: F) -> Result<Told, Error>
where
    F: FnOnce(&dyn Store, &Query) -> Result<Told, Error> + Send + 'static,
{
    door.gateway.keys.check_management(request.headers())?;
    let store = store(door)?;
    let query = query(request)?;
    blocking(move || ask(&*store, &query)).await
}

/// What it says after `?`.
pub(super) fn query(request: &Request) -> Result<Query, Error> {
    let pairs = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(request.uri());
    let pairs = pairs.map_err(|why| Error::new(Kind::Invalid, why.body_text()))?;
    Ok(Query::new(pairs.0))
}

/// Where the books are.
pub(super) fn store(door: &Door) -> Result<Arc<dyn Store>, Error> {
    let store = door.gateway.books.store().cloned();
    store.ok_or_else(|| Error::new(Kind::NotFound, "this gateway keeps no books: give it a ledger"))
}

/// Does what may wait.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|source| {
        Err(Error::new(Kind::Internal, "the books could not be read").with_source(source))
    })
}

pub(super) fn failed(error: StoreError) -> Error {
    let kind = match error {
        StoreError::Conflict(_) => Kind::Invalid,
        _ => Kind::Internal,
    };
    let message = match kind {
        Kind::Invalid => error.to_string(),
        _ => "the books could not be read".to_owned(),
    };
    Error::new(kind, message).with_source(error)
}

pub(super) fn response(told: Told) -> Response<Body> {
    let mut response = Response::new(Body::from(told.text));
    let kind = HeaderValue::from_static(match told.form {
        Form::Json => "application/json",
        Form::Csv => "text/csv; charset=utf-8",
    });
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}
