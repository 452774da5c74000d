//! A JSON document for whoever has a key.

use std::sync::Arc;

use axum::body::Body;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use http::{Response, StatusCode};
use serde::Serialize;

use super::refuse;
use super::router::Door;
use crate::caller::Caller;
use crate::clock::wall;
use crate::error::Error;
use crate::kind::Kind;

pub(super) fn answer(
    door: &Door,
    headers: &HeaderMap,
    body: impl FnOnce() -> Result<String, Error>,
) -> Response<Body> {
    answer_to(door, headers, |_| body())
}

/// The same, where it depends on who asks.
pub(super) fn answer_to(
    door: &Door,
    headers: &HeaderMap,
    body: impl FnOnce(&Caller) -> Result<String, Error>,
) -> Response<Body> {
    let caller = door.gateway.keys.identify(headers, wall());
    told(
        door,
        StatusCode::OK,
        caller.and_then(|caller| body(&caller)),
    )
}

/// Who asks, if that is somebody who may manage keys.
pub(super) fn manager(door: &Door, headers: &HeaderMap) -> Result<Arc<Caller>, Error> {
    let caller = door.gateway.keys.identify(headers, wall())?;
    match caller.rights().manage() {
        true => Ok(caller),
        false => Err(Error::new(
            Kind::Forbidden,
            "Only management keys can perform this operation",
        )),
    }
}

/// May whoever brings this key act for this account? For its own; the operator's is the one that is named where none is,
/// and acts for all.
pub(super) fn account(caller: &Caller, named: Option<&str>) -> Result<Option<String>, Error> {
    let own = caller.account_name();
    match named {
        None if own == Caller::ACCOUNT => Ok(None),
        None => Ok(Some(own.to_owned())),
        Some(named) if named == own || own == Caller::ACCOUNT => Ok(Some(named.to_owned())),
        Some(_) => Err(Error::new(
            Kind::Forbidden,
            "this key manages another account",
        )),
    }
}

/// What is told, in these words.
pub(super) fn text<T: Serialize>(value: &T) -> Result<String, Error> {
    serde_json::to_string(value)
        .map_err(|source| Error::new(Kind::Internal, "cannot be told").with_source(source))
}

/// With this status, or as a refusal.
pub(super) fn told(door: &Door, status: StatusCode, body: Result<String, Error>) -> Response<Body> {
    match body {
        Ok(body) => {
            let mut response = Response::new(Body::from(body));
            *response.status_mut() = status;
            let kind = HeaderValue::from_static("application/json");
            response.headers_mut().insert(CONTENT_TYPE, kind);
            response
        }
        Err(error) => refuse::response(&error, door.dialect, None),
    }
}
