//! A JSON document for whoever has a key.

use axum::body::Body;
use http::Response;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};

use super::refuse;
use super::router::Door;
use crate::error::Error;

pub(super) fn answer(
    door: &Door,
    headers: &HeaderMap,
    body: impl FnOnce() -> Result<String, Error>,
) -> Response<Body> {
    match door.gateway.keys.check(headers).and_then(|_| body()) {
        Ok(body) => {
            let mut response = Response::new(Body::from(body));
            let kind = HeaderValue::from_static("application/json");
            response.headers_mut().insert(CONTENT_TYPE, kind);
            response
        }
        Err(error) => refuse::response(&error, door.dialect, None),
    }
}
