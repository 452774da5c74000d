//! Header parsers hold for any bytes, and stay within their bounds.
#![no_main]

use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderValue};
use libfuzzer_sys::fuzz_target;
use switchtower::wire::headers::{is_event_stream, retry_after};

fuzz_target!(|input: (&[u8], &[u8], &[u8])| {
    let mut headers = HeaderMap::new();
    let names = ["retry-after", "retry-after-ms", "content-type"];
    for (name, value) in names.into_iter().zip([input.0, input.1, input.2]) {
        if let Ok(value) = HeaderValue::from_bytes(value) {
            headers.insert(name, value);
        }
    }
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    if let Some(after) = retry_after(&headers, now) {
        assert!(after <= Duration::from_secs(86_400));
    }
    let _ = is_event_stream(&headers);
});
