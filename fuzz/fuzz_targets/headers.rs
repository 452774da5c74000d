//! Header parsers hold for any bytes, and stay within their bounds.
#![no_main]

use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderName, HeaderValue};
use libfuzzer_sys::fuzz_target;
use switchtower::wire::headers::{is_event_stream, retry_after};
use switchtower::wire::limits::RateLimits;

fuzz_target!(|input: (&[u8], &[u8], &[u8], &[u8])| {
    let mut headers = HeaderMap::new();
    let names = ["retry-after", "retry-after-ms", "content-type"];
    for (name, value) in names.into_iter().zip([input.0, input.1, input.2]) {
        if let Ok(value) = HeaderValue::from_bytes(value) {
            headers.insert(name, value);
        }
    }
    // Each of them is one more of a provider's: a line `name: value`, or a value for each part of one limit.
    for line in input.3.split(|byte| *byte == b'\n') {
        let colon = line.iter().position(|byte| *byte == b':');
        let (name, value) = line.split_at(colon.unwrap_or(0));
        let named = HeaderName::from_bytes(name).into_iter();
        let usual = ["limit", "remaining", "reset"];
        let usual = usual.map(|part| format!("x-ratelimit-{part}-tokens").parse().unwrap());
        for name in named.chain(usual) {
            if let Ok(value) = HeaderValue::from_bytes(value.strip_prefix(b":").unwrap_or(value)) {
                headers.insert(name, value);
            }
        }
    }
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    if let Some(after) = retry_after(&headers, now) {
        assert!(after <= Duration::from_secs(86_400));
    }
    let _ = is_event_stream(&headers);
    if let Some(limits) = RateLimits::read(&headers, || now) {
        let told = [limits.requests, limits.tokens, limits.input, limits.output];
        for told in told.into_iter().flatten() {
            assert!(told.remaining <= 1_000_000_000 && told.limit != Some(0));
            assert!(told.resets_in <= Duration::from_secs(86_400));
        }
    }
});
