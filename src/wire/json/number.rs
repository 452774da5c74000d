//! Numbers, read from their text: a float would round them.

/// More digits than any price or limit has; `1e999999999` must not become that many zeros.
const PLACES: i64 = 64;

/// The whole number that a JSON number spells, if it spells one that fits: `10`, `10.0` and `1e1` are all ten.
///
/// ```
/// use switchtower::wire::json::integer;
///
/// assert_eq!(integer(b"10.0"), Some(10));
/// assert_eq!(integer(b"1.25e2"), Some(125));
/// assert_eq!(integer(b"0.5"), None);
/// assert_eq!(integer(b"-1"), None);
/// ```
#[must_use]
pub fn integer(number: &[u8]) -> Option<u64> {
    if let Some(value) = digits(number) {
        return Some(value);
    }
    let (digits, point) = parts(number)?;
    let mut value = 0u64;
    let mut place = 0;
    for digit in digits.filter(|b| *b != b'.').map(|b| u64::from(b - b'0')) {
        match place < point {
            true => value = value.checked_mul(10)?.checked_add(digit)?,
            false if digit != 0 => return None,
            false => {}
        }
        place += 1;
    }
    while value != 0 && place < point {
        value = value.checked_mul(10)?;
        place += 1;
    }
    Some(value)
}

/// The same number in plain decimal notation, without an exponent; `None` if it is negative, not a
/// JSON number, or absurdly long.
///
/// ```
/// use switchtower::wire::json::decimal;
///
/// assert_eq!(decimal(b"1.5e-7").as_deref(), Some("0.00000015"));
/// assert_eq!(decimal(b"2.50").as_deref(), Some("2.50"));
/// assert_eq!(decimal(b"-1"), None);
/// ```
#[must_use]
pub fn decimal(number: &[u8]) -> Option<String> {
    let (digits, point) = parts(number)?;
    let digits: String = digits.filter(|b| *b != b'.').map(char::from).collect();
    let len = digits.len() as i64;
    if len > PLACES || point.abs() > PLACES {
        return None;
    }
    let (whole, fraction) = digits.split_at(point.clamp(0, len) as usize);
    let whole = format!("{whole}{}", "0".repeat((point - len).max(0) as usize));
    let fraction = format!("{}{fraction}", "0".repeat((-point).max(0) as usize));
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        significant => significant,
    };
    Some(match fraction.as_str() {
        "" => whole.to_owned(),
        _ => format!("{whole}.{fraction}"),
    })
}

/// The value of a number of nothing but digits, none of which overflows: nearly all are.
fn digits(number: &[u8]) -> Option<u64> {
    if !matches!(number, [b'0'] | [b'1'..=b'9', ..]) || number.len() > 19 {
        return None;
    }
    number.iter().try_fold(0, |value, byte| {
        let digit = byte.wrapping_sub(b'0');
        (digit < 10).then(|| 10 * value + u64::from(digit))
    })
}

/// The digits of a number with their point, and how many of them stand before the point once the exponent is applied.
fn parts(number: &[u8]) -> Option<(impl Iterator<Item = u8>, i64)> {
    if number.first() == Some(&b'-') || super::scan::number(number, 0) != Ok(number.len()) {
        return None;
    }
    let e = number.iter().position(|b| matches!(b, b'e' | b'E'));
    let (mantissa, exponent) = number.split_at(e.unwrap_or(number.len()));
    let whole = mantissa
        .iter()
        .position(|b| *b == b'.')
        .unwrap_or(mantissa.len());
    let negative = exponent.get(1) == Some(&b'-');
    let shift = exponent
        .iter()
        .filter(|b| b.is_ascii_digit())
        .fold(0i64, |n, b| {
            n.saturating_mul(10).saturating_add(i64::from(b - b'0'))
        });
    let shift = if negative { -shift } else { shift };
    Some((mantissa.iter().copied(), shift.saturating_add(whole as i64)))
}
