//! An error as an HTTP response.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{OriginalUri, Request};
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use http::{Method, Response, Uri};

use super::{metadata, remaining};
use crate::call::Call;
use crate::clock::wall;
use crate::disposition::Fault;
use crate::error::Error;
use crate::kind::Kind;
use crate::telemetry;

use crate::wire::error::{envelope, seconds, status};
use crate::wire::{Dialect, Operation};

/// Milliseconds, which OpenAI's SDKs read before `Retry-After`.
const RETRY_AFTER_MS: HeaderName = HeaderName::from_static("retry-after-ms");
/// What OpenAI's SDKs obey before their own rules.
const X_SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");

/// OpenAI's SDKs wait for this long at the most: told to wait for longer, they come back in a second
/// (`_calculate_retry_timeout` of the one for Python, `retryRequest` of the one for Node).
const PATIENCE: Duration = Duration::from_secs(60);

/// The response that an error becomes.
pub(super) fn response(error: &Error, dialect: Dialect, call: Option<&Call>) -> Response<Body> {
    let settles = |call: &Call| call.plan().is_some() && error.refused().is_none();
    if !call.is_some_and(settles) {
        telemetry::refused(call, error);
    }
    let mut body = envelope(error, dialect, call).to_string().into_bytes();
    // Of a mistake of our own nothing is told.
    if let Some(call) = call.filter(|_| error.kind() != Kind::Internal) {
        body = metadata::onto_error(body, error, call);
    }
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status(error, dialect);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Some(after) = error.retry_after() {
        headers.insert(RETRY_AFTER, seconds(after).into());
        headers.insert(RETRY_AFTER_MS, HeaderValue::from(after.as_millis() as u64));
    }
    remaining::error_headers(error, wall(), headers);
    if let Some(again) = should_retry(error, call) {
        let again = if again { "true" } else { "false" };
        headers.insert(X_SHOULD_RETRY, HeaderValue::from_static(again));
    }
    response
}

/// Is an SDK to do it all again? None where it may go by its own rules.
fn should_retry(error: &Error, call: Option<&Call>) -> Option<bool> {
    if error.should_retry() {
        return Some(error.retry_after().is_none_or(|after| after < PATIENCE));
    }
    let nobody_asked = || call.is_none_or(|call| call.last().is_none());
    match (error.kind(), error.kind().rule().fault) {
        // The next one may be faster.
        (Kind::SlowRequest, _) => None,
        // It would be told the same.
        (_, Fault::Caller) | (Kind::Ejected(_), _) => Some(false),
        // It is our own mistake, or our own haste.
        _ if nobody_asked() => None,
        // All that could be asked have been, and nobody says when to come back: an SDK would multiply the load.
        _ => Some(false),
    }
}

pub(super) async fn unknown(request: Request) -> Response<Body> {
    let dialect = match request.uri().path() {
        path if path == "/v1" || path.starts_with("/v1/") => Dialect::OpenAi,
        _ => Dialect::OpenRouter,
    };
    let (method, path) = asked(&request);
    let message = format!(
        "no such route: {method} {path}; there are POST /chat/completions, /completions and /embeddings, GET /models, /model, \
         /embeddings/models, /providers, /endpoints/zdr, /circuits, /generation, /generations, /activity, /spend, /statement, /credits, \
         /key, /auth/key, /keys and /byok, under /api/v1 and /v1"
    );
    response(&Error::new(Kind::NotFound, message), dialect, None)
}

pub(super) async fn wrong_method(request: Request, dialect: Dialect) -> Response<Body> {
    let (method, path) = asked(&request);
    let takes = methods(&path);
    let message = format!("{method} is not a method of this route: {path} takes {takes}");
    response(&Error::new(Kind::MethodNotAllowed, message), dialect, None)
}

/// What a route takes that is there.
fn methods(path: &str) -> &'static str {
    let mut parts = path.rsplit('/');
    match (parts.next(), parts.next()) {
        _ if Operation::of(path).is_some() => "POST",
        (Some("credits" | "keys" | "byok"), _) => "GET and POST",
        (_, Some("keys" | "byok")) => "GET, PATCH and DELETE",
        _ => "GET",
    }
}

/// What was asked for, as the caller wrote it, with no more of it than fits into a line.
fn asked(request: &Request) -> (Method, String) {
    let path = original(request).path();
    (request.method().clone(), path.chars().take(100).collect())
}

/// Where the caller sent it, whatever the router is nested in.
pub(super) fn original(request: &Request) -> &Uri {
    let original = request.extensions().get::<OriginalUri>();
    original.map_or(request.uri(), |OriginalUri(uri)| uri)
}
