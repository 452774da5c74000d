//! Exact sums, until they are rounded once.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign};

use super::{Money, decimal};

/// An exact amount in femtodollars, 10⁻¹⁵ USD: what [`Price::times`](super::Price::times) returns and
/// what adds up without error.
///
/// Sums stop at ±1.7 × 10²³ USD instead of wrapping.
///
/// ```
/// use switchtower::{Femto, Price};
///
/// let price = Price::from_femtodollars(500);
/// let total: Femto = [price.times(1), price.times(2)].into_iter().sum();
/// assert_eq!(total.femtodollars(), 1_500);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Femto(i128);

const FEMTO_PER_PICO: i64 = 1_000;

// === impl Femto ===

impl Femto {
    /// Nothing.
    pub const ZERO: Femto = Femto(0);
    /// The most that can be held.
    pub const MAX: Femto = Femto(i128::MAX);

    /// An amount of so many femtodollars.
    #[must_use]
    pub const fn from_femtodollars(femtodollars: i128) -> Self {
        Femto(femtodollars)
    }

    /// This amount in femtodollars, 10⁻¹⁵ USD.
    #[must_use]
    pub const fn femtodollars(self) -> i128 {
        self.0
    }

    /// The nearest picodollar, and the even one of two that are equally near.
    ///
    /// Call it once, on the sum: half to even has no drift, but rounding twice is not rounding once.
    /// What does not fit becomes [`Money::MAX`] or [`Money::MIN`].
    ///
    /// ```
    /// use switchtower::{Femto, Money};
    ///
    /// assert_eq!(Femto::from_femtodollars(1_500).round(), Money::from_picodollars(2));
    /// assert_eq!(Femto::from_femtodollars(2_500).round(), Money::from_picodollars(2));
    /// assert_eq!(Femto::from_femtodollars(2_501).round(), Money::from_picodollars(3));
    /// ```
    #[must_use]
    pub fn round(self) -> Money {
        // Nearly all there is fits 64 bits, of which the division is a multiplication.
        let (floor, rest) = match i64::try_from(self.0) {
            Ok(few) => (
                few.div_euclid(FEMTO_PER_PICO).into(),
                few.rem_euclid(FEMTO_PER_PICO),
            ),
            Err(_) => {
                let one = i128::from(FEMTO_PER_PICO);
                (self.0.div_euclid(one), self.0.rem_euclid(one) as i64)
            }
        };
        let up = 2 * rest > FEMTO_PER_PICO || (2 * rest == FEMTO_PER_PICO && floor & 1 == 1);
        let nearest = floor + i128::from(up);
        let bounded = nearest.clamp(i128::from(i64::MIN), i128::from(i64::MAX));
        Money::from_picodollars(bounded as i64)
    }
}

impl Add for Femto {
    type Output = Femto;

    fn add(self, other: Femto) -> Femto {
        Femto(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Femto {
    fn add_assign(&mut self, other: Femto) {
        *self = *self + other;
    }
}

impl Sum for Femto {
    fn sum<I: Iterator<Item = Femto>>(amounts: I) -> Femto {
        amounts.fold(Femto::ZERO, Add::add)
    }
}

impl From<Money> for Femto {
    fn from(money: Money) -> Self {
        Femto(i128::from(money.picodollars()) * i128::from(FEMTO_PER_PICO))
    }
}

impl fmt::Display for Femto {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        decimal::write(f, self.0 >= 0, self.0.unsigned_abs(), 15)
    }
}
