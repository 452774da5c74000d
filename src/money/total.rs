//! Exact sums of what is charged.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Neg, Sub};

use serde::ser::Error as _;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use super::{Money, decimal};

/// An exact sum of [`Money`], in picodollars, 10⁻¹² USD: what a bill adds up to.
///
/// More than nine million dollars do not fit a ledger's amount, but a year of them may be billed. Sums stop at
/// ±1.7 × 10²⁶ USD instead of wrapping. It is printed and serialized as [`Money`] is.
///
/// ```
/// use switchtower::{Money, Total};
///
/// let total: Total = [Money::MAX, Money::MAX].into_iter().sum();
/// assert_eq!(total.to_string(), "18446744.073709551614");
/// assert_eq!((total - Money::MAX.into()).to_string(), Money::MAX.to_string());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Total(i128);

// === impl Total ===

impl Total {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// A sum of so many picodollars.
    #[must_use]
    pub const fn from_picodollars(picodollars: i128) -> Self {
        Self(picodollars)
    }

    /// This sum in picodollars, 10⁻¹² USD.
    #[must_use]
    pub const fn picodollars(self) -> i128 {
        self.0
    }

    /// The amount that this is, if it is one that a ledger and its limits can hold: between [`Money::MIN`] and
    /// [`Money::MAX`], nine million dollars.
    ///
    /// ```
    /// use switchtower::{Money, Total};
    ///
    /// let most = Total::from(Money::MAX);
    /// assert_eq!(most.money(), Some(Money::MAX));
    /// assert_eq!((most + Total::from_picodollars(1)).money(), None);
    /// ```
    #[must_use]
    pub fn money(self) -> Option<Money> {
        i64::try_from(self.0).ok().map(Money::from_picodollars)
    }
}

impl From<Money> for Total {
    fn from(money: Money) -> Self {
        Self(money.picodollars().into())
    }
}

impl Add for Total {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Total {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for Total {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Neg for Total {
    type Output = Self;

    fn neg(self) -> Self {
        Self(self.0.saturating_neg())
    }
}

impl Sum for Total {
    fn sum<I: Iterator<Item = Self>>(totals: I) -> Self {
        totals.fold(Self::ZERO, Add::add)
    }
}

impl Sum<Money> for Total {
    fn sum<I: Iterator<Item = Money>>(amounts: I) -> Self {
        amounts.map(Self::from).sum()
    }
}

impl fmt::Display for Total {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        decimal::write(f, self.0 >= 0, self.0.unsigned_abs(), 12)
    }
}

impl Serialize for Total {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.to_string())
            .map_err(S::Error::custom)?
            .serialize(serializer)
    }
}
