//! For how long does it hold?

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::date::since_1970;

/// The longest time that is believed: a day. After it one more request finds out.
pub(super) const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

const SECOND: u128 = 1_000_000;
/// A number of seconds under this one is a time to wait, one above it a date after 2001; and a thousand times as much is a date in a
/// unit that is a thousand times as small.
const FIRST_DATE: u128 = 1_000_000_000 * SECOND;
/// `1d2h3m4s5ms6us7ns` has them all.
const MOST_PARTS: usize = 8;

/// Until then, from now on; a date in the past is now. What is longer than a day is a day.
pub(super) fn reset(text: &str, now: impl FnOnce() -> SystemTime) -> Option<Duration> {
    let text = text.trim();
    let micros = match number(text) {
        Some((number, "")) if number < FIRST_DATE => number,
        Some((number, "")) => until(epoch(number)?, now),
        Some((_, rest)) if rest.starts_with('-') => until(since_1970(text)?, now),
        Some(_) => duration(text)?,
        None => return None,
    };
    let micros = u64::try_from(micros).unwrap_or(u64::MAX);
    Some(Duration::from_micros(micros).min(LONGEST))
}

fn until(date: u128, now: impl FnOnce() -> SystemTime) -> u128 {
    let since = now().duration_since(UNIX_EPOCH).unwrap_or_default();
    date.saturating_sub(since.as_micros())
}

/// A date that is told in seconds, milliseconds, microseconds or nanoseconds since 1970, read as if in seconds.
fn epoch(number: u128) -> Option<u128> {
    (0..4)
        .map(|unit| number / 1000_u128.pow(unit))
        .find(|date| *date < FIRST_DATE * 100)
}

/// Numbers with units, as Go prints durations.
fn duration(mut text: &str) -> Option<u128> {
    let mut sum: u128 = 0;
    for _ in 0..MOST_PARTS {
        let (count, rest) = number(text)?;
        let end = rest
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(rest.len());
        let (unit, rest) = rest.split_at(end);
        let micros = match unit {
            "d" => count.saturating_mul(24 * 60 * 60),
            "h" => count.saturating_mul(60 * 60),
            "m" => count.saturating_mul(60),
            "s" => count,
            "ms" => count / 1000,
            "us" | "µs" | "μs" => count / 1_000_000,
            "ns" => count / 1_000_000_000,
            _ => return None,
        };
        sum = sum.saturating_add(micros);
        if rest.is_empty() {
            return Some(sum);
        }
        text = rest;
    }
    None
}

/// A decimal number that the text begins with, in millionths, and what stands behind it.
fn number(text: &str) -> Option<(u128, &str)> {
    let (whole, rest) = digits(text);
    if whole.is_empty() {
        return None;
    }
    let whole: u128 = whole.parse().unwrap_or(u128::MAX);
    let (part, rest) = match rest.strip_prefix('.') {
        Some(rest) => digits(rest),
        None => ("", rest),
    };
    let padded = part.bytes().chain(std::iter::repeat(b'0')).take(6);
    let millionths = padded.fold(0, |sum, digit| sum * 10 + u128::from(digit - b'0'));
    Some((
        whole.saturating_mul(SECOND).saturating_add(millionths),
        rest,
    ))
}

fn digits(text: &str) -> (&str, &str) {
    let count = text.bytes().take_while(u8::is_ascii_digit).count();
    text.split_at(count)
}
