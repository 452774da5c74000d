//! Prices that come with the crate.

/// A part of the price data of genai-prices, by its authors, under the MIT licence: see `NOTICE`. Written by
/// `.ci/embed.py`, which leaves out what is not read here.
#[cfg(feature = "prices")]
pub(super) const PRICES: &[u8] = include_bytes!("data/prices.json");

#[cfg(not(feature = "prices"))]
pub(super) const PRICES: &[u8] = b"[]";

/// What reports call it: the package that it was taken from.
pub(super) const NAME: &str = "embedded (genai-prices 0.2.1)";
