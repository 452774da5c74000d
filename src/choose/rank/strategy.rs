//! The measures of the operator's strategies.

use std::time::Instant;

use crate::standing::{Percentile, Standing};

/// The smallest of such numbers is drawn by weight, and the next one of those that are left by weight again: each is
/// the time until a clock strikes that strikes as often as the weight says.
pub(super) fn weighted(weight: u32, random: &mut fastrand::Rng) -> u64 {
    let time = (1.0 - random.f64()).ln() / f64::from(weight);
    // Floats that are not negative are in the order of their bits.
    time.abs().to_bits()
}

/// By the requests that it answers just now; among equals, by chance.
pub(super) fn least_in_flight(standing: &Standing, random: &mut fastrand::Rng) -> u64 {
    u64::from(standing.in_flight()) << 32 | u64::from(random.u32(..))
}

/// Draws two, and tells which is the better one: the one with less to write and a sooner first token. Where that is
/// unknown of one, it is not counted against either.
pub(super) fn better_of_two<'a>(
    count: usize,
    standing: impl Fn(usize) -> &'a Standing,
    random: &mut fastrand::Rng,
    now: Instant,
) -> Option<usize> {
    let one = random.usize(..count.max(1));
    if count < 2 {
        return (count == 1).then_some(0);
    }
    // Any but the first.
    let other = (one + 1 + random.usize(..count - 1)) % count;
    let latency = |place| standing(place).first_token(Percentile::P50, now);
    let (of_one, of_other) = match (latency(one), latency(other)) {
        (Some(one), Some(other)) => (one.as_micros().max(1), other.as_micros().max(1)),
        _ => (1, 1),
    };
    let load = |place, latency: u128| (u128::from(standing(place).outstanding()) + 1) * latency;
    let is_better = load(other, of_other) < load(one, of_one);
    Some(if is_better { other } else { one })
}
