//! What is charged, and what a ledger stores.

use std::fmt;
use std::str::FromStr;

use serde::ser::Error as _;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use super::{ParsePriceError, decimal};

/// USD in picodollars, 10⁻¹² USD: the unit of a ledger, of a limit and of `usage.cost`.
///
/// It prints every digit it has, without an exponent, which is also a JSON number. [`Price`](crate::Price) tells
/// how prices become amounts.
///
/// # Serialization
///
/// With `serde_json`'s text writers it is that number, digit for digit. Through
/// [`serde_json::Value`] it becomes an `f64`, as numbers there do; other formats are not supported.
///
/// ```
/// use switchtower::Money;
///
/// let money = Money::from_picodollars(123_000_000);
/// assert_eq!(money.to_string(), "0.000123");
/// assert_eq!(serde_json::to_string(&money).unwrap(), "0.000123");
/// assert_eq!("1.23e-4".parse(), Ok(money));
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Money(i64);

/// 10⁻¹² USD.
const PLACES: u32 = 12;

// === impl Money ===

impl Money {
    /// Nothing.
    pub const ZERO: Money = Money(0);
    /// The most that can be held, 9 223 372 USD.
    pub const MAX: Money = Money(i64::MAX);
    /// The least that can be held, −9 223 372 USD.
    pub const MIN: Money = Money(i64::MIN);

    /// An amount of so many picodollars.
    #[must_use]
    pub const fn from_picodollars(picodollars: i64) -> Self {
        Money(picodollars)
    }

    /// This amount in picodollars, 10⁻¹² USD.
    #[must_use]
    pub const fn picodollars(self) -> i64 {
        self.0
    }

    /// Is it nothing?
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The nearest amount to a text in units of 10^-`decimals` USD, and the even one of two that are equally near.
    ///
    /// # Errors
    ///
    /// When it is no number, or too large.
    pub(crate) fn nearest(text: &str, decimals: u32) -> Result<Money, ParsePriceError> {
        let places = PLACES.saturating_sub(decimals);
        signed(decimal::parse_nearest(text, places)?)
    }

    /// The sum, if it fits.
    ///
    /// ```
    /// use switchtower::Money;
    ///
    /// let one = Money::from_picodollars(1);
    /// assert_eq!(one.checked_add(one), Some(Money::from_picodollars(2)));
    /// assert_eq!(Money::MAX.checked_add(one), None);
    /// ```
    #[must_use]
    pub const fn checked_add(self, other: Money) -> Option<Money> {
        match self.0.checked_add(other.0) {
            Some(sum) => Some(Money(sum)),
            None => None,
        }
    }

    /// The difference, if it fits.
    #[must_use]
    pub const fn checked_sub(self, other: Money) -> Option<Money> {
        match self.0.checked_sub(other.0) {
            Some(difference) => Some(Money(difference)),
            None => None,
        }
    }

    /// The sum, or the nearest amount that can be held.
    ///
    /// ```
    /// use switchtower::Money;
    ///
    /// assert_eq!(Money::MAX.saturating_add(Money::MAX), Money::MAX);
    /// ```
    #[must_use]
    pub const fn saturating_add(self, other: Money) -> Money {
        Money(self.0.saturating_add(other.0))
    }

    /// The difference, or the nearest amount that can be held.
    #[must_use]
    pub const fn saturating_sub(self, other: Money) -> Money {
        Money(self.0.saturating_sub(other.0))
    }
}

impl Money {
    /// Writes it as [`Display`](fmt::Display) does, without the detour of a formatter.
    #[cfg(feature = "gateway")]
    pub(crate) fn push_to(self, text: &mut String) {
        if self.0 < 0 {
            text.push('-');
        }
        let size = u128::from(self.0.unsigned_abs());
        let mut digits = [0; decimal::LONGEST];
        text.push_str(decimal::text(size, PLACES as usize, &mut digits));
    }
}

impl FromStr for Money {
    type Err = ParsePriceError;

    /// Parses USD as [`Price`](super::Price) does, with twelve decimals, and below zero too.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        signed(decimal::parse(text, PLACES)?)
    }
}

fn signed((negative, size): (bool, u64)) -> Result<Money, ParsePriceError> {
    let size = i128::from(size);
    i64::try_from(if negative { -size } else { size })
        .map(Money)
        .map_err(|_| ParsePriceError::TooLarge)
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = u128::from(self.0.unsigned_abs());
        decimal::write(f, self.0 >= 0, size, PLACES as usize)
    }
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.to_string())
            .map_err(S::Error::custom)?
            .serialize(serializer)
    }
}
