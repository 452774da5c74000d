//! With which headers?

use http::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue};

use crate::plan::Candidate;
use crate::wire::headers::FORWARDED;

/// The caller's that may go on, and over them the provider's own.
pub(super) fn headers(caller: &HeaderMap, candidate: &Candidate, stream: bool) -> HeaderMap {
    // Ours, the provider's key, and what few callers send: more room would be twice the memory.
    let mut headers = HeaderMap::with_capacity(6);
    for name in &FORWARDED {
        for value in caller.get_all(name) {
            headers.append(name, value.clone());
        }
    }
    let accept = if stream {
        "text/event-stream"
    } else {
        "application/json"
    };
    headers.insert(ACCEPT, HeaderValue::from_static(accept));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    for (name, value) in candidate.endpoint.provider().headers() {
        headers.insert(name, value.clone());
    }
    headers
}
