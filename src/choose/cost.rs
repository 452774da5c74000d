//! What is the request likely to cost?

use super::entry::UNKNOWN;
use super::filter::Needs;
use crate::catalog::Prices;

/// At these prices, in femtodollars: a prompt that is in the cache at the cache's price, and an answer of the usual length.
/// What is not known is above everything that is.
pub(super) fn expected_cost(prices: &Prices, needs: &Needs, cached: bool) -> u64 {
    let input = match cached {
        true => prices.cache_read(),
        false => prices.prompt(),
    };
    let cost = || {
        let mut cost = input?.times(needs.prompt);
        cost += prices.completion()?.times(needs.answer);
        cost += prices.request()?.times(1);
        Some(u64::try_from(cost.femtodollars()).unwrap_or(UNKNOWN))
    };
    cost().map_or(UNKNOWN, |cost| cost.min(UNKNOWN - 1))
}
