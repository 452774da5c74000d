//! What providers announce, each in its own spelling.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::*;
use switchtower::wire::limits::{Allowance, RateLimits};

/// 2026-11-26T00:30:00Z.
const NOW: u64 = 1_795_653_000;

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(NOW)
}

fn read(lines: &str) -> RateLimits {
    let mut headers = HeaderMap::new();
    for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (name, value) = line.split_once(": ").unwrap();
        let name: HeaderName = name.parse().unwrap();
        headers.append(name, value.parse().unwrap());
    }
    RateLimits::read(&headers, now).unwrap_or_default()
}

fn left(remaining: u64, limit: u64, millis: u64) -> Option<Allowance> {
    Some(Allowance {
        remaining,
        limit: (limit > 0).then_some(limit),
        resets_in: Duration::from_millis(millis),
    })
}

#[test]
fn each_provider_is_understood() {
    let cases = [
        (
            "OpenAI",
            "content-type: application/json
             x-ratelimit-limit-requests: 60
             x-ratelimit-limit-tokens: 150000
             x-ratelimit-limit-tokens_usage_based: 9
             x-ratelimit-remaining-requests: 59
             x-ratelimit-remaining-tokens: 149984
             x-ratelimit-remaining-tokens_usage_based: 9
             x-ratelimit-reset-requests: 1s
             x-ratelimit-reset-tokens: 6m0s",
            RateLimits {
                requests: left(59, 60, 1000),
                tokens: left(149_984, 150_000, 360_000),
                ..RateLimits::default()
            },
        ),
        (
            "OpenAI, a project at its limit",
            "x-ratelimit-remaining-tokens: 20000
             x-ratelimit-reset-tokens: 8.64s
             x-ratelimit-limit-project-tokens: 60000
             x-ratelimit-remaining-project-tokens: 0
             x-ratelimit-reset-project-tokens: 45s",
            RateLimits {
                tokens: left(0, 60_000, 45_000),
                ..RateLimits::default()
            },
        ),
        (
            "Groq",
            "x-ratelimit-limit-requests: 14400
             x-ratelimit-limit-tokens: 18000
             x-ratelimit-remaining-requests: 14370
             x-ratelimit-remaining-tokens: 17997
             x-ratelimit-reset-requests: 2m59.56s
             x-ratelimit-reset-tokens: 7.66ms",
            RateLimits {
                requests: left(14_370, 14_400, 179_560),
                tokens: left(17_997, 18_000, 0).map(|tokens| Allowance {
                    resets_in: Duration::from_micros(7660),
                    ..tokens
                }),
                ..RateLimits::default()
            },
        ),
        (
            "Anthropic",
            "anthropic-ratelimit-requests-limit: 50
             anthropic-ratelimit-requests-remaining: 49
             anthropic-ratelimit-requests-reset: 2026-11-26T00:30:01Z
             anthropic-ratelimit-tokens-limit: 60000
             anthropic-ratelimit-tokens-remaining: 59000
             anthropic-ratelimit-tokens-reset: 2026-11-26T01:30:02.5+01:00
             anthropic-ratelimit-input-tokens-limit: 50000
             anthropic-ratelimit-input-tokens-remaining: 49000
             anthropic-ratelimit-input-tokens-reset: 2026-11-26T00:29:00Z
             anthropic-ratelimit-output-tokens-limit: 10000
             anthropic-ratelimit-output-tokens-remaining: 10000
             anthropic-ratelimit-output-tokens-reset: 2026-11-27T12:00:00Z
             anthropic-ratelimit-unified-status: allowed",
            RateLimits {
                requests: left(49, 50, 1000),
                tokens: left(59_000, 60_000, 2500),
                input: left(49_000, 50_000, 0),
                output: left(10_000, 10_000, 86_400_000),
            },
        ),
        (
            "Mistral",
            "x-ratelimit-limit-req-minute: 60
             x-ratelimit-remaining-req-minute: 0
             x-ratelimit-limit-tokens-minute: 500000
             x-ratelimit-remaining-tokens-minute: 499900
             x-ratelimit-limit-tokens-month: 1000000000
             x-ratelimit-remaining-tokens-month: 999999900
             x-ratelimit-tokens-query-cost: 50",
            RateLimits {
                requests: left(0, 60, 60_000),
                tokens: left(499_900, 500_000, 60_000),
                ..RateLimits::default()
            },
        ),
        (
            "Mistral, by size",
            "ratelimitbysize-limit: 500000
             ratelimitbysize-remaining: 499900
             ratelimitbysize-reset: 28
             ratelimitbysize-query-cost: 32
             x-ratelimitbysize-limit-minute: 500000
             x-ratelimitbysize-remaining-minute: 499900
             x-ratelimitbysize-limit-month: 1000000000
             x-ratelimitbysize-remaining-month: 17",
            RateLimits {
                tokens: left(17, 1_000_000_000, 3_600_000),
                ..RateLimits::default()
            },
        ),
        (
            "Azure",
            "x-ratelimit-remaining-requests: 119
             x-ratelimit-remaining-tokens: 119984",
            RateLimits {
                requests: left(119, 0, 10_000),
                tokens: left(119_984, 0, 60_000),
                ..RateLimits::default()
            },
        ),
        (
            "Azure, which does not know",
            "x-ratelimit-limit-tokens: -1
             x-ratelimit-remaining-tokens: -1
             x-ratelimit-reset-tokens: 0",
            RateLimits::default(),
        ),
        (
            "Cerebras",
            "x-ratelimit-limit-requests-day: 14400
             x-ratelimit-limit-tokens-minute: 60000
             x-ratelimit-remaining-requests-day: 14399
             x-ratelimit-remaining-tokens-minute: 59000
             x-ratelimit-reset-requests-day: 33011.382867
             x-ratelimit-reset-tokens-minute: 11.5",
            RateLimits {
                requests: left(14_399, 14_400, 33_011_382).map(|requests| Allowance {
                    resets_in: Duration::from_micros(33_011_382_867),
                    ..requests
                }),
                tokens: left(59_000, 60_000, 11_500),
                ..RateLimits::default()
            },
        ),
        (
            "Together",
            "x-ratelimit-limit: 10
             x-ratelimit-remaining: 9
             x-ratelimit-reset: 0.5
             x-ratelimit-limit-dynamic: 20
             x-tokenlimit-limit: 3000
             x-tokenlimit-remaining: 2990",
            RateLimits {
                requests: left(9, 10, 500),
                tokens: left(2990, 3000, 60_000),
                ..RateLimits::default()
            },
        ),
        (
            "Fireworks",
            "x-ratelimit-limit-requests: 600
             x-ratelimit-remaining-requests: 599
             x-ratelimit-limit-tokens-prompt: 60000
             x-ratelimit-remaining-tokens-prompt: 59000
             x-ratelimit-limit-tokens-generated: 6000
             x-ratelimit-remaining-tokens-generated: 5900
             x-ratelimit-limit-tokens-cache-adjusted-prompt: 1
             x-ratelimit-remaining-tokens-cache-adjusted-prompt: 1
             x-ratelimit-over-limit: no",
            RateLimits {
                requests: left(599, 600, 10_000),
                input: left(59_000, 60_000, 60_000),
                output: left(5900, 6000, 60_000),
                ..RateLimits::default()
            },
        ),
        (
            "OpenRouter",
            "X-RateLimit-Limit: 20
             X-RateLimit-Remaining: 0
             X-RateLimit-Reset: 1795653060000",
            RateLimits {
                requests: left(0, 20, 60_000),
                ..RateLimits::default()
            },
        ),
        (
            "in epoch seconds",
            "ratelimit-limit: 100, 100;w=60
             ratelimit-remaining: 50
             ratelimit-reset: 1795653030",
            RateLimits {
                requests: left(50, 100, 30_000),
                ..RateLimits::default()
            },
        ),
        (
            "a limit alone says nothing",
            "x-ratelimit-limit-requests: 60",
            RateLimits::default(),
        ),
        ("nobody at all", "retry-after: 7", RateLimits::default()),
    ];
    for (who, lines, expected) in cases {
        assert_eq!(read(lines), expected, "{who}");
    }
}

#[test]
fn resets_are_read_in_every_form() {
    let reset = |text: &str| {
        let told = read(&format!(
            "x-ratelimit-remaining-requests: 1\nx-ratelimit-reset-requests: {text}"
        ));
        told.requests.unwrap().resets_in
    };
    let usual = Duration::from_secs(10);
    for (text, micros) in [
        ("1s", 1_000_000),
        ("20ms", 20_000),
        ("8.64s", 8_640_000),
        ("6m0s", 360_000_000),
        ("1h2m3.5s", 3_723_500_000),
        ("1d", 86_400_000_000),
        ("900us", 900),
        ("0", 0),
        ("0.25", 250_000),
        ("17", 17_000_000),
        ("1795653001", 1_000_000),
        ("1795653000500", 500_000),
        ("1795653000000250", 250),
        ("1795652999", 0),
        ("2026-11-26T00:30:07Z", 7_000_000),
        ("2026-11-26t00:30:07.000001z", 7_000_001),
        ("2026-11-25 19:30:07-05:00", 7_000_000),
        ("1970-01-01T00:00:00Z", 0),
        // Nobody is believed for longer than a day.
        ("999999h", 86_400_000_000),
        (
            "99999999999999999999999999999999999999999999d",
            86_400_000_000,
        ),
        ("9999-12-31T23:59:60Z", 86_400_000_000),
    ] {
        assert_eq!(reset(text), Duration::from_micros(micros), "{text}");
    }
    for text in [
        "soon",
        "-1",
        "1 s",
        "1x",
        "1s2",
        "s",
        "1e9",
        ".5",
        "2026-13-01T00:00:00Z",
        "2026-11-26T24:00:00Z",
        "2026-11-26T00:30:00",
        "2026-11-26T00:30:00.Z",
        "2026-11-26T00:30:00+1:00",
        "2026-11-26",
        "1s1s1s1s1s1s1s1s1s",
    ] {
        assert_eq!(reset(text), usual, "{text:?} says nothing");
    }
}

#[test]
fn february_has_its_days() {
    let reset = |text: &str| {
        let mut headers = HeaderMap::new();
        headers.insert("x-ratelimit-remaining", HeaderValue::from_static("1"));
        headers.insert("x-ratelimit-reset", text.parse().unwrap());
        // 2028-02-28T23:59:00Z.
        let now = || UNIX_EPOCH + Duration::from_secs(1_835_395_140);
        let told = RateLimits::read(&headers, now).unwrap();
        told.requests.unwrap().resets_in.as_secs()
    };
    assert_eq!(reset("2028-02-29T00:00:00Z"), 60);
    assert_eq!(reset("2028-02-29T23:59:00Z"), 86_400);
    assert_eq!(reset("2028-02-28T23:59:30Z"), 30);
}

/// A name that is nearly one of theirs, and a value that is nearly one of theirs.
fn line() -> impl Strategy<Value = (String, Vec<u8>)> {
    let word = prop::sample::select(vec![
        "limit",
        "remaining",
        "reset",
        "requests",
        "req",
        "tokens",
        "input",
        "output",
        "prompt",
        "minute",
        "day",
        "5",
        "project",
        "month",
        "cost",
        "",
    ]);
    let family = prop::sample::select(vec![
        "x-ratelimit",
        "anthropic-ratelimit",
        "ratelimitbysize",
        "x-ratelimitbysize",
        "ratelimit",
        "x-tokenlimit",
        "anthropic",
        "x",
    ]);
    let name = (family, prop::collection::vec(word, 1..5))
        .prop_map(|(family, words)| format!("{family}-{}", words.join("-")));
    let value = prop_oneof![
        "[0-9]{1,30}(\\.[0-9]{0,12})?(d|h|ms|m|s|us|ns|µs)?",
        "([0-9]{1,9}(d|h|m|s|ms)){1,12}",
        "[0-9]{1,4}-[0-9]{1,2}-[0-9]{1,2}[Tt ][0-9:.]{0,12}(Z|[+-][0-9:]{0,6})?",
        "[ -~]{0,24}",
    ];
    let value = prop_oneof![
        value.prop_map(String::into_bytes),
        prop::collection::vec(any::<u8>(), 0..24),
    ];
    (name, value)
}

proptest! {
    #[test]
    fn whatever_comes_stays_within_its_bounds(lines in prop::collection::vec(line(), 0..40)) {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            let name = HeaderName::from_bytes(name.as_bytes());
            if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(&value)) {
                headers.append(name, value);
            }
        }
        let limits = RateLimits::read(&headers, now).unwrap_or_default();
        let told = [limits.requests, limits.tokens, limits.input, limits.output];
        for told in told.into_iter().flatten() {
            prop_assert!(told.remaining <= 1_000_000_000);
            prop_assert!(told.limit.is_none_or(|limit| (1..=1_000_000_000).contains(&limit)));
            prop_assert!(told.resets_in <= Duration::from_secs(86_400));
        }
    }

    #[test]
    fn a_duration_is_read_back(hours in 0u64..23, minutes in 0u64..60, seconds in 0u64..60, millis in 0u64..1000) {
        let text = format!("{hours}h{minutes}m{seconds}s{millis}ms");
        let told = read(&format!("x-ratelimit-remaining: 3\nx-ratelimit-reset: {text}"));
        let expected = Duration::from_millis(((hours * 60 + minutes) * 60 + seconds) * 1000 + millis);
        prop_assert_eq!(told.requests.unwrap().resets_in, expected);
    }

    #[test]
    fn a_date_is_read_back(after in 0u64..86_400) {
        let date = humantime_of(NOW + after);
        let told = read(&format!("x-ratelimit-remaining: 3\nx-ratelimit-reset: {date}"));
        prop_assert_eq!(told.requests.unwrap().resets_in, Duration::from_secs(after));
    }
}

/// RFC 3339 by way of an HTTP date, which another library spells.
fn humantime_of(seconds: u64) -> String {
    let date = httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(seconds));
    let words: Vec<_> = date.split(' ').collect();
    let months = "JanFebMarAprMayJunJulAugSepOctNovDec";
    let month = months.find(words[2]).unwrap() / 3 + 1;
    format!("{}-{month:02}-{}T{}Z", words[3], words[1], words[4])
}
