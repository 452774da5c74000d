//! A part of an amount.

use std::fmt;
use std::str::FromStr;

use super::{Money, ParsePriceError, decimal};

/// A part of an amount, such as a fee: an exact decimal with at most six places, from 0 to 1.
///
/// ```
/// use switchtower::{Money, Ratio};
///
/// let fee: Ratio = "0.055".parse()?;
/// assert_eq!(fee.of("10".parse()?).to_string(), "0.55");
/// assert_eq!(fee.to_string(), "0.055");
/// assert!("1.5".parse::<Ratio>().is_err());
/// # Ok::<_, switchtower::ParsePriceError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ratio(u32);

const PLACES: u32 = 6;
const ONE: u32 = 1_000_000;

// === impl Ratio ===

impl Ratio {
    /// Nothing of it.
    pub const ZERO: Self = Self(0);

    /// Is it nothing?
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// This part of the amount, rounded to the picodollar: the even one of two that are equally near.
    #[must_use]
    pub fn of(self, amount: Money) -> Money {
        if self.is_zero() {
            return Money::ZERO;
        }
        let exact = i128::from(amount.picodollars()) * i128::from(self.0);
        let one = i128::from(ONE);
        let (floor, twice) = (exact.div_euclid(one), 2 * exact.rem_euclid(one));
        let up = twice > one || (twice == one && floor % 2 != 0);
        // No more than the amount, so it fits.
        let nearest = i64::try_from(floor + i128::from(up));
        nearest.map_or(amount, Money::from_picodollars)
    }
}

impl FromStr for Ratio {
    type Err = ParsePriceError;

    fn from_str(text: &str) -> Result<Self, ParsePriceError> {
        match decimal::parse(text, PLACES)? {
            (true, _) => Err(ParsePriceError::Negative),
            (false, parts) if parts > ONE.into() => Err(ParsePriceError::TooLarge),
            (false, parts) => Ok(Self(parts as u32)),
        }
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        decimal::write(f, true, self.0.into(), PLACES as usize)
    }
}
