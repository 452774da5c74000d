//! What is the request likely to cost, and by what price are endpoints compared?

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

/// The one price by which endpoints are compared, in femtodollars a token: its [balance](Prices::balance), and a share of
/// what the request costs whatever its length, so that who asks for nothing else is not taken for free.
pub(super) fn token_price(prices: &Prices, needs: &Needs) -> u64 {
    let tokens = needs.prompt.saturating_add(needs.answer).max(1);
    let price = || {
        let fee = prices.request()?.femtodollars().div_ceil(tokens);
        Some(prices.balance()?.femtodollars().saturating_add(fee))
    };
    price().map_or(UNKNOWN, |price| price.min(UNKNOWN - 1))
}
