//! Money as integers: what a unit costs, what many units cost, and what is charged.
//!
//! A price such as `0.00000001875` USD per token has no exact `f64`, and ten million of them add up to
//! a visible error. So a price is parsed from its decimal text, products and sums stay exact, and each
//! charge is rounded once.
//!
//! ```text
//! "0.00000015" ──parse──▶ Price ──× units──▶ Femto ──Σ──▶ Femto ──round──▶ Money ──▶ 0.000123
//!                      10⁻¹⁵ USD          10⁻¹⁵ USD                     10⁻¹² USD
//! ```
//!
//! | type | unit | holds | for |
//! |---|---|---|---|
//! | [`Price`] | femtodollar, `u64` | 0 to 18 446 USD | one token, image or request |
//! | [`Femto`] | femtodollar, `i128` | ±1.7 × 10²³ USD | exact sums of products |
//! | [`Money`] | picodollar, `i64` | ±9 223 372 USD | a ledger and `usage.cost` |
//!
//! ```
//! use switchtower::{Femto, Price};
//!
//! let prompt = Price::per_million("0.15")?;
//! let completion: Price = "6e-7".parse()?;
//!
//! let cost: Femto = prompt.times(1_000) + completion.times(50);
//! assert_eq!(cost.round().to_string(), "0.00018");
//! # Ok::<(), switchtower::ParsePriceError>(())
//! ```

mod amount;
mod decimal;
mod femto;
mod price;

pub use amount::Money;
pub use decimal::ParsePriceError;
pub use femto::Femto;
pub use price::Price;
