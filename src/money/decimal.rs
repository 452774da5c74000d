//! Decimal text to a scaled integer and back, without a float in between.

use std::fmt;

/// Why is this text not an exact amount of dollars?
///
/// ```
/// use switchtower::{ParsePriceError, Price};
///
/// let error = "0.1x".parse::<Price>().unwrap_err();
/// assert_eq!(error, ParsePriceError::NotANumber);
/// assert_eq!(error.to_string(), "is not a decimal number");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ParsePriceError {
    /// There is no text.
    Empty,
    /// It is not digits with at most one sign, one point and one exponent.
    NotANumber,
    /// A price is never below zero.
    Negative,
    /// A digit that is not zero would be lost.
    TooPrecise {
        /// How many decimals are kept.
        places: u32,
    },
    /// It does not fit the integer that holds it.
    TooLarge,
}

/// A decimal number: its digits without a point, up to the last that is not zero, and the power of ten of that one.
struct Digits<'a> {
    negative: bool,
    whole: &'a str,
    fraction: &'a str,
    len: usize,
    exponent: i64,
}

/// The value of `text` in units of 10^-`places`, as a sign and a magnitude.
pub(super) fn parse(text: &str, places: u32) -> Result<(bool, u64), ParsePriceError> {
    let Some(digits) = Digits::of(text)? else {
        return Ok((false, 0));
    };
    if digits.exponent + i64::from(places) < 0 {
        return Err(ParsePriceError::TooPrecise { places });
    }
    digits.scaled(places)
}

/// The same, but a digit that would be lost rounds, half to even.
pub(super) fn parse_nearest(text: &str, places: u32) -> Result<(bool, u64), ParsePriceError> {
    let Some(mut digits) = Digits::of(text)? else {
        return Ok((false, 0));
    };
    let lost = usize::try_from(-(digits.exponent + i64::from(places))).unwrap_or(0);
    if lost == 0 {
        return digits.scaled(places);
    }
    let Some(kept) = digits.len.checked_sub(lost) else {
        return Ok((false, 0));
    };
    let half = digits.iter().nth(kept).cmp(&Some(5));
    // Behind the digit that decides stands more, if it is not the last.
    let beyond = half.is_gt() || half.is_eq() && lost > 1;
    digits.len = kept;
    digits.exponent = -i64::from(places);
    let (negative, floor) = digits.scaled(places)?;
    let up = beyond || half.is_eq() && floor % 2 == 1;
    let nearest = floor.checked_add(u64::from(up));
    Ok((negative, nearest.ok_or(ParsePriceError::TooLarge)?))
}

// === impl Digits ===

impl<'a> Digits<'a> {
    /// None of zero.
    fn of(text: &'a str) -> Result<Option<Self>, ParsePriceError> {
        use ParsePriceError::{Empty, NotANumber};

        if text.is_empty() {
            return Err(Empty);
        }
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, parse_exponent(exponent)?),
            None => (unsigned, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = || whole.bytes().chain(fraction.bytes());
        if digits().next().is_none() || !digits().all(|b| b.is_ascii_digit()) {
            return Err(NotANumber);
        }
        let last = digits().enumerate().filter(|(_, b)| *b != b'0').last();
        Ok(last.map(|(last, _)| Digits {
            negative,
            whole,
            fraction,
            len: last + 1,
            exponent: exponent + whole.len() as i64 - 1 - last as i64,
        }))
    }

    fn iter(&self) -> impl Iterator<Item = u8> {
        let digits = self.whole.bytes().chain(self.fraction.bytes());
        digits.take(self.len).map(|digit| digit - b'0')
    }

    /// In units of 10^-`places`, of which the last digit is a multiple.
    fn scaled(&self, places: u32) -> Result<(bool, u64), ParsePriceError> {
        let value = self.iter().try_fold(0_u64, |value, digit| {
            value.checked_mul(10)?.checked_add(u64::from(digit))
        });
        let shift = u32::try_from(self.exponent + i64::from(places));
        let scale = shift.ok().and_then(|shift| 10_u64.checked_pow(shift));
        let scaled = value
            .zip(scale)
            .and_then(|(value, scale)| value.checked_mul(scale));
        Ok((self.negative, scaled.ok_or(ParsePriceError::TooLarge)?))
    }
}

/// Writes `value` units of 10^-`places` with every digit it has and none that it has not.
pub(super) fn write(
    f: &mut fmt::Formatter<'_>,
    non_negative: bool,
    value: u128,
    places: usize,
) -> fmt::Result {
    f.pad_integral(non_negative, "", text(value, places, &mut [0; LONGEST]))
}

/// The same without a sign, written into `digits`.
pub(super) fn text(value: u128, places: usize, digits: &mut [u8; LONGEST]) -> &str {
    let scale = 10_u64.pow(places as u32);
    // What is kept in a ledger fits 64 bits, which are divided far faster.
    let mut whole = itoa::Buffer::new();
    let (whole, fraction) = match u64::try_from(value) {
        Ok(value) => (whole.format(value / scale), value % scale),
        Err(_) => {
            let scale = u128::from(scale);
            (whole.format(value / scale), (value % scale) as u64)
        }
    };
    let mut len = whole.len();
    digits[..len].copy_from_slice(whole.as_bytes());
    if fraction > 0 {
        // The one before it keeps its zeros, and gives its place to the point.
        let mut decimals = itoa::Buffer::new();
        let decimals = decimals.format(scale + fraction).trim_end_matches('0');
        digits[len..][..decimals.len()].copy_from_slice(decimals.as_bytes());
        digits[len] = b'.';
        len += decimals.len();
    }
    std::str::from_utf8(&digits[..len]).expect("digits and a point")
}

/// The digits of a `u128`, a point, and the zeros that may stand before the first digit.
pub(super) const LONGEST: usize = 39 + 1 + 15;

/// Saturates far beyond any exponent that could still be in range.
fn parse_exponent(text: &str) -> Result<i64, ParsePriceError> {
    let (negative, digits) = match text.as_bytes() {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        rest => (false, rest),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(ParsePriceError::NotANumber);
    }
    let size = digits.iter().fold(0_i64, |size, digit| {
        (size * 10 + i64::from(digit - b'0')).min(i64::MAX / 100)
    });
    Ok(if negative { -size } else { size })
}

// === impl ParsePriceError ===

impl fmt::Display for ParsePriceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ParsePriceError::Empty => f.write_str("is empty"),
            ParsePriceError::NotANumber => f.write_str("is not a decimal number"),
            ParsePriceError::Negative => f.write_str("is negative"),
            ParsePriceError::TooPrecise { places } => {
                write!(f, "has more than {places} decimals, which would be lost")
            }
            ParsePriceError::TooLarge => f.write_str("is too large"),
        }
    }
}

impl std::error::Error for ParsePriceError {}
