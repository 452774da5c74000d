//! Dates as RFC 3339 spells them.

const DAY: u64 = 24 * 60 * 60;

/// The microseconds from 1970 to a date such as `2026-11-26T00:30:00Z` or `2026-11-26T01:30:00.25+01:00`.
pub(super) fn since_1970(text: &str) -> Option<u128> {
    let bytes = text.as_bytes();
    let is_shaped = bytes.len() >= 20
        && [(4, b'-'), (7, b'-'), (13, b':'), (16, b':')]
            .iter()
            .all(|(at, byte)| bytes[*at] == *byte)
        && matches!(bytes[10], b'T' | b't' | b' ');
    if !is_shaped {
        return None;
    }
    let date = [
        number(&bytes[0..4], 1970..=9999)?,
        number(&bytes[5..7], 1..=12)?,
        number(&bytes[8..10], 1..=31)?,
    ];
    let time = number(&bytes[11..13], 0..=23)? * 3600
        + number(&bytes[14..16], 0..=59)? * 60
        + number(&bytes[17..19], 0..=60)?;
    let (micros, zone) = fraction(&bytes[19..])?;
    let seconds = (days(date) * DAY + time).checked_add_signed(-offset(zone)?)?;
    Some(u128::from(seconds) * 1_000_000 + u128::from(micros))
}

/// Days from 1970 to a day of the Gregorian calendar, counted in years that begin in March, so that the day that is not always there
/// is the last one.
fn days([year, month, day]: [u64; 3]) -> u64 {
    let (year, month) = match month {
        1 | 2 => (year - 1, month + 9),
        _ => (year, month - 3),
    };
    let leaps = year / 4 - year / 100 + year / 400;
    // Of the months from March on, (153 m + 2) / 5 days have passed before the one of number m.
    let days = year * 365 + leaps + (153 * month + 2) / 5 + day - 1;
    // Those before 1970-01-01.
    days.saturating_sub(719_468)
}

/// The microseconds, and what stands behind them.
fn fraction(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let Some(digits) = bytes.strip_prefix(b".") else {
        return Some((0, bytes));
    };
    let count = digits
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let (digits, rest) = digits.split_at(count);
    let padded = digits
        .iter()
        .copied()
        .chain(std::iter::repeat(b'0'))
        .take(6);
    let micros = padded.fold(0, |micros, digit| micros * 10 + u64::from(digit - b'0'));
    (count > 0).then_some((micros, rest))
}

/// By how many seconds it is later there than in UTC.
fn offset(zone: &[u8]) -> Option<i64> {
    let (sign, zone) = match zone.split_first()? {
        (b'Z' | b'z', []) => return Some(0),
        (b'+', zone) => (1, zone),
        (b'-', zone) => (-1, zone),
        _ => return None,
    };
    let &[h, i, b':', m, n] = zone else {
        return None;
    };
    let seconds = number(&[h, i], 0..=23)? * 3600 + number(&[m, n], 0..=59)? * 60;
    Some(sign * seconds as i64)
}

fn number(digits: &[u8], within: std::ops::RangeInclusive<u64>) -> Option<u64> {
    let all = digits.iter().all(u8::is_ascii_digit);
    let number = digits
        .iter()
        .fold(0, |number, digit| number * 10 + u64::from(digit & 0xf));
    (all && within.contains(&number)).then_some(number)
}
