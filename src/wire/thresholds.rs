use super::json::{Cursor, Kind, decimal};
use super::{Invalid, shape};

/// What must a percentile of an endpoint reach, or not exceed?
///
/// `preferred_min_throughput` in thousandths of a token a second, `preferred_max_latency` in microseconds. A bare number
/// is the median's. Whatever is finer than the unit is rounded to the stricter side, which changes no comparison with a whole
/// number of units; what is too large to be held is as large as can be.
///
/// Zero is a number like others: every endpoint reaches a throughput of zero, and none a latency of zero. A number
/// below zero is refused, since whoever sends it means something else.
///
/// ```
/// use switchtower::wire::{Thresholds, View};
///
/// let body = br#"{"provider": {"preferred_min_throughput": {"p90": 12.5}, "preferred_max_latency": 2}}"#;
/// let view = View::read(body)?;
/// let wanted = view.preferences().unwrap();
/// let throughput = Thresholds { p90: Some(12_500), ..Thresholds::default() };
/// assert_eq!(wanted.preferred_min_throughput, throughput);
/// assert_eq!(wanted.preferred_max_latency.p50, Some(2_000_000));
/// # Ok::<(), switchtower::wire::Invalid>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Thresholds {
    /// Of the better half.
    pub p50: Option<u64>,
    /// Of three in four.
    pub p75: Option<u64>,
    /// Of nine in ten.
    pub p90: Option<u64>,
    /// Of all but one in a hundred.
    pub p99: Option<u64>,
}

/// Which whole number is no weaker a demand?
#[derive(Clone, Copy)]
pub(super) enum Bound {
    AtLeast,
    AtMost,
}

// === impl Thresholds ===

impl Thresholds {
    /// Is nothing demanded?
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.p50.is_none() && self.p75.is_none() && self.p90.is_none() && self.p99.is_none()
    }

    /// Reads a number, an object or null. `fields` are the names of its members, the median's first; `places` says
    /// how many decimal places smaller the unit is than the caller's.
    pub(super) fn read(
        cursor: &mut Cursor<'_>,
        field: &'static str,
        fields: &[&'static str; 4],
        bound: Bound,
        places: usize,
    ) -> Result<Self, Invalid> {
        let mut thresholds = Self::default();
        let expected = "a number of at least 0, an object of such numbers by percentile, or null";
        if cursor.peek()? == Kind::Object {
            shape::members(cursor, field, fields, |cursor, field| {
                let place = match fields.iter().position(|name| *name == field) {
                    Some(0) => &mut thresholds.p50,
                    Some(1) => &mut thresholds.p75,
                    Some(2) => &mut thresholds.p90,
                    _ => &mut thresholds.p99,
                };
                let expected = "a number of at least 0, or null";
                *place = number(cursor, field, expected, bound, places)?;
                Ok(())
            })?;
        } else {
            thresholds.p50 = number(cursor, field, expected, bound, places)?;
        }
        Ok(thresholds)
    }
}

fn number(
    cursor: &mut Cursor<'_>,
    field: &'static str,
    expected: &'static str,
    bound: Bound,
    places: usize,
) -> Result<Option<u64>, Invalid> {
    let kinds = [Kind::Number, Kind::Null];
    if shape::kind(cursor, field, &kinds, expected)? == Kind::Null {
        cursor.skip()?;
        return Ok(None);
    }
    let number = cursor.skip()?;
    let decimal = decimal(number.of(cursor.source()))
        .ok_or_else(|| shape::mistyped(field, expected, number.start as usize))?;
    Ok(Some(units(&decimal, bound, places)))
}

/// How many units are this plain decimal number, with the point moved by so many places?
fn units(decimal: &str, bound: Bound, places: usize) -> u64 {
    let (whole, fraction) = decimal.split_once('.').unwrap_or((decimal, ""));
    let (kept, finer) = fraction.split_at(places.min(fraction.len()));
    let digits = whole.bytes().chain(kept.bytes());
    let digits = digits.chain(std::iter::repeat_n(b'0', places - kept.len()));
    let units = digits.fold(0u64, |units, digit| {
        units
            .saturating_mul(10)
            .saturating_add(u64::from(digit - b'0'))
    });
    let crumb = finer.bytes().any(|digit| digit != b'0');
    units.saturating_add(u64::from(crumb && matches!(bound, Bound::AtLeast)))
}
