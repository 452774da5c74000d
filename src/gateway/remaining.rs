//! What is left of a caller's limits, in the headers of every answer: of requests and of tokens.
//!
//! Of money nothing is told there. Clients read numbers of these names as counts that a pause makes good again; a budget is none, and
//! what is left of it when an answer begins is less what that answer holds, not what it costs. `GET /key` tells what is left, and a
//! refusal in its metadata: the limit, what is used, held and needed, and when it begins anew.

use std::time::{Duration, SystemTime};

use http::header::{HeaderMap, HeaderName, HeaderValue};

use crate::error::Error;
use crate::limits::{Exceeded, Level, Nearest};

/// Limit, remaining, reset: OpenAI's names of requests and of tokens.
const REQUESTS: [HeaderName; 3] = [
    HeaderName::from_static("x-ratelimit-limit-requests"),
    HeaderName::from_static("x-ratelimit-remaining-requests"),
    HeaderName::from_static("x-ratelimit-reset-requests"),
];
const TOKENS: [HeaderName; 3] = [
    HeaderName::from_static("x-ratelimit-limit-tokens"),
    HeaderName::from_static("x-ratelimit-remaining-tokens"),
    HeaderName::from_static("x-ratelimit-reset-tokens"),
];
/// OpenRouter's names.
const NEAREST: [HeaderName; 3] = [
    HeaderName::from_static("x-ratelimit-limit"),
    HeaderName::from_static("x-ratelimit-remaining"),
    HeaderName::from_static("x-ratelimit-reset"),
];

/// Writes what is left of the limits that an answer has counted by: those of requests and of tokens each, as OpenAI does, and
/// the one of which the smallest share is left, as OpenRouter does.
pub(super) fn headers(nearest: &Nearest, now: SystemTime, headers: &mut HeaderMap) {
    for (level, names) in [(&nearest.requests, REQUESTS), (&nearest.tokens, TOKENS)] {
        if let Some(level) = level {
            let reset = level.resets_at.map(|at| short(after(at, now)));
            write(headers, names, level, reset);
        }
    }
    if let Some(level) = nearest.of_all() {
        write(headers, NEAREST, level, level.resets_at.map(millis));
    }
}

/// Of an error: also of the limit that leaves no room.
pub(super) fn error_headers(error: &Error, now: SystemTime, headers: &mut HeaderMap) {
    let refused = error.exceeded().map(Exceeded::nearest);
    if let Some(nearest) = refused.as_ref().or(error.nearest()) {
        self::headers(nearest, now, headers);
    }
}

fn write(headers: &mut HeaderMap, names: [HeaderName; 3], level: &Level, reset: Option<String>) {
    let [limit, remaining, resets] = names;
    headers.insert(limit, HeaderValue::from(level.most));
    headers.insert(remaining, HeaderValue::from(level.remaining()));
    if let Some(reset) = reset.and_then(|reset| HeaderValue::from_str(&reset).ok()) {
        headers.insert(resets, reset);
    }
}

fn after(at: SystemTime, now: SystemTime) -> Duration {
    at.duration_since(now).unwrap_or_default()
}

/// Milliseconds since 1970, as OpenRouter tells it.
fn millis(at: SystemTime) -> String {
    after(at, SystemTime::UNIX_EPOCH).as_millis().to_string()
}

/// As OpenAI writes a time: `1s`, `6m0s`, `120ms`.
fn short(time: Duration) -> String {
    let (seconds, millis) = (time.as_secs(), time.subsec_millis());
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, 0) => format!("{millis}ms"),
        (0, 0, second) if millis == 0 => format!("{second}s"),
        (0, 0, second) => format!("{second}.{millis:03}s"),
        (0, minute, second) => format!("{minute}m{second}s"),
        (hour, minute, second) => format!("{hour}h{minute}m{second}s"),
    }
}
