//! Draws by price.

use super::super::entry::UNKNOWN;

/// Draws one of these prices, which are sorted, with a probability in proportion to 1/price².
///
/// Free ones, which are at the front, would weigh infinitely much: where there are any, one of them is drawn, all
/// as likely. An unknown price is at the end and is not drawn, unless all are unknown: then all are as likely.
pub(super) fn draw(
    prices: impl Iterator<Item = u64> + Clone,
    random: &mut fastrand::Rng,
) -> Option<usize> {
    let cheapest = prices.clone().next()?;
    if cheapest == 0 || cheapest == UNKNOWN {
        let alike = prices.take_while(|price| *price == cheapest).count();
        return Some(random.usize(..alike));
    }
    let known = prices.take_while(|price| *price != UNKNOWN);
    let weights = known.map(|price| (cheapest as f64 / price as f64).powi(2));
    let mut left = random.f64() * weights.clone().sum::<f64>();
    let mut last = None;
    for (place, weight) in weights.enumerate() {
        left -= weight;
        last = Some(place);
        if left < 0.0 {
            break;
        }
    }
    // A sum of floats may leave a crumb, which is the last one's.
    last
}
