//! Headers that mean something to us.

use std::time::{Duration, SystemTime};

use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};

/// The headers of a caller that go on to an upstream: tracing and the versions of vendor features.
/// Everything else stays here, credentials and cookies first of all. `x-anthropic-beta`, as OpenRouter's callers spell it, goes on
/// as `anthropic-beta`, but to OpenRouter.
pub const FORWARDED: [HeaderName; 6] = [
    HeaderName::from_static("traceparent"),
    HeaderName::from_static("tracestate"),
    HeaderName::from_static("openai-beta"),
    HeaderName::from_static("anthropic-beta"),
    X_ANTHROPIC_BETA,
    HeaderName::from_static("anthropic-version"),
];

/// OpenRouter's spelling.
pub(crate) const X_ANTHROPIC_BETA: HeaderName = HeaderName::from_static("x-anthropic-beta");

/// Does this header of a caller still mean something once its answer has begun? What would go on to another upstream does, the
/// names of the app, and whether the caller wants to hear of the plan.
///
/// ```
/// # use switchtower::wire::headers::{FORWARDED, is_meant};
/// assert!(FORWARDED.iter().all(is_meant) && is_meant(&"x-title".parse()?));
/// assert!(!is_meant(&http::header::AUTHORIZATION));
/// # Ok::<_, http::header::InvalidHeaderName>(())
/// ```
pub fn is_meant(name: &HeaderName) -> bool {
    matches!(
        name.as_str(),
        "user-agent"
            | "http-referer"
            | "x-title"
            | "x-openrouter-title"
            | "x-openrouter-metadata"
            | "x-openrouter-experimental-metadata"
            | "traceparent"
            | "tracestate"
            | "openai-beta"
            | "anthropic-beta"
            | "x-anthropic-beta"
            | "anthropic-version"
    )
}

/// The longest `Retry-After` that is believed: a day.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// Is the body an event stream?
pub fn is_event_stream(headers: &HeaderMap) -> bool {
    const ESSENCE: &[u8] = b"text/event-stream";
    let kind = headers.get(CONTENT_TYPE);
    let kind = kind.map_or(&[][..], HeaderValue::as_bytes);
    let parts = kind.trim_ascii_start().split_at_checked(ESSENCE.len());
    parts.is_some_and(|(essence, rest)| {
        let ends = matches!(rest.trim_ascii_start().first(), None | Some(b';'));
        ends && essence.eq_ignore_ascii_case(ESSENCE)
    })
}

/// How long does the sender ask to be left alone? Reads all three spellings: `retry-after-ms`, and
/// `Retry-After` in seconds or as a date, for which the present date is needed.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use switchtower::wire::headers::retry_after;
///
/// let mut headers = http::HeaderMap::new();
/// headers.insert("retry-after", "7".parse()?);
/// assert_eq!(retry_after(&headers, SystemTime::now()), Some(Duration::from_secs(7)));
/// # Ok::<_, http::header::InvalidHeaderValue>(())
/// ```
pub fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = |name: &HeaderName| headers.get(name)?.to_str().ok().map(str::trim);
    let millis = text(&HeaderName::from_static("retry-after-ms"))
        .and_then(|text| seconds(text).map(|seconds| seconds / 1000.0));
    let after = match (millis, text(&RETRY_AFTER)) {
        (Some(seconds), _) => within_reason(seconds),
        (None, Some(text)) => match seconds(text) {
            Some(seconds) => within_reason(seconds),
            // A date in the past means now.
            None => httpdate::parse_http_date(text)
                .ok()?
                .duration_since(now)
                .unwrap_or_default(),
        },
        (None, None) => return None,
    };
    Some(after.min(LONGEST))
}

fn within_reason(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds.min(LONGEST.as_secs_f64()))
}

fn seconds(text: &str) -> Option<f64> {
    text.parse()
        .ok()
        .filter(|seconds: &f64| seconds.is_finite() && *seconds >= 0.0)
}
