//! What one unit costs.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use super::{Femto, ParsePriceError, decimal};

/// USD for one unit (a token, an image, a request), in femtodollars: 10⁻¹⁵ USD.
///
/// Parsed from decimal text, exactly, with or without an exponent; more than fifteen decimals are
/// refused rather than rounded. It prints, and serializes as a string, the way OpenRouter spells
/// prices: USD per unit, every digit, no exponent.
///
/// ```
/// use switchtower::Price;
///
/// let price: Price = "1.5e-7".parse()?;
/// assert_eq!(price.to_string(), "0.00000015");
/// assert_eq!(price, Price::per_million("0.15")?);
/// assert_eq!(price.femtodollars(), 150_000_000);
/// # Ok::<(), switchtower::ParsePriceError>(())
/// ```
///
/// # From a price to a charge
///
/// A price such as `0.00000001875` USD per token has no exact `f64`, and ten million of them add up to
/// a visible error. So products and sums stay exact, and each charge is rounded once.
///
/// ```text
/// "0.00000015" ──parse──▶ Price ──× units──▶ Femto ──Σ──▶ Femto ──round──▶ Money ──▶ 0.000123
///                      10⁻¹⁵ USD          10⁻¹⁵ USD                     10⁻¹² USD
/// ```
///
/// | type | unit | holds | for |
/// |---|---|---|---|
/// | [`Price`] | femtodollar, `u64` | 0 to 18 446 USD | one token, image or request |
/// | [`Femto`] | femtodollar, `i128` | ±1.7 × 10²³ USD | exact sums of products |
/// | [`Money`](crate::Money) | picodollar, `i64` | ±9 223 372 USD | a ledger and `usage.cost` |
///
/// ```
/// use switchtower::{Femto, Price};
///
/// let prompt = Price::per_million("0.15")?;
/// let completion: Price = "6e-7".parse()?;
///
/// let cost: Femto = prompt.times(1_000) + completion.times(50);
/// assert_eq!(cost.round().to_string(), "0.00018");
/// # Ok::<(), switchtower::ParsePriceError>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Price(u64);

/// 10⁻¹⁵ USD.
const PLACES: u32 = 15;
/// A million units for a dollar is six decimals less.
const PLACES_PER_MILLION: u32 = PLACES - 6;

// === impl Price ===

impl Price {
    /// Free.
    pub const ZERO: Price = Price(0);

    /// A price of so many femtodollars per unit.
    ///
    /// ```
    /// use switchtower::Price;
    ///
    /// assert_eq!(Price::from_femtodollars(1).to_string(), "0.000000000000001");
    /// ```
    #[must_use]
    pub const fn from_femtodollars(femtodollars: u64) -> Self {
        Price(femtodollars)
    }

    /// A price given as USD for a million units, as providers list them.
    ///
    /// # Errors
    ///
    /// Those of [`Price`]'s [`FromStr`], except that nine decimals are kept.
    ///
    /// ```
    /// use switchtower::Price;
    ///
    /// assert_eq!(Price::per_million("2.50")?.to_string(), "0.0000025");
    /// # Ok::<(), switchtower::ParsePriceError>(())
    /// ```
    pub fn per_million(text: &str) -> Result<Self, ParsePriceError> {
        parse(text, PLACES_PER_MILLION)
    }

    /// This price in femtodollars, 10⁻¹⁵ USD.
    #[must_use]
    pub const fn femtodollars(self) -> u64 {
        self.0
    }

    /// Is a unit free?
    #[must_use]
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// What `units` of it cost, exactly.
    ///
    /// Only beyond 1.7 × 10²³ USD does the product stop at the largest [`Femto`].
    ///
    /// ```
    /// use switchtower::Price;
    ///
    /// let price: Price = "0.00000001875".parse()?;
    /// assert_eq!(price.times(30_000_000).to_string(), "0.5625");
    /// # Ok::<(), switchtower::ParsePriceError>(())
    /// ```
    #[must_use]
    pub const fn times(self, units: u64) -> Femto {
        let product = self.0 as u128 * units as u128;
        if product > i128::MAX as u128 {
            return Femto::MAX;
        }
        Femto::from_femtodollars(product as i128)
    }
}

impl FromStr for Price {
    type Err = ParsePriceError;

    /// Parses USD per unit: digits, at most one point, at most one exponent, no spaces.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text, PLACES)
    }
}

impl fmt::Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        decimal::write(f, true, u128::from(self.0), PLACES as usize)
    }
}

impl Serialize for Price {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

fn parse(text: &str, places: u32) -> Result<Price, ParsePriceError> {
    match decimal::parse(text, places)? {
        (true, _) => Err(ParsePriceError::Negative),
        (false, femtodollars) => Ok(Price(femtodollars)),
    }
}
