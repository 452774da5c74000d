//! What does the request prefer?

use std::time::Instant;

use super::filter::matches;
use crate::money::Price;
use crate::plan::{Candidate, Reason};
use crate::wire::Preferences;

/// Puts the surviving endpoints of one model into the order in which to ask them.
pub(super) fn rank(
    candidates: &mut [Candidate],
    preferences: &Preferences,
    random: &mut fastrand::Rng,
    now: Instant,
) {
    // Each standing is looked at once: it may change meanwhile.
    for candidate in candidates.iter_mut() {
        candidate.reason = match candidate.standing.is_steady(now) {
            true => Reason::Price,
            false => Reason::Unsteady,
        };
    }
    candidates.sort_by_key(|candidate| (!is_steady(candidate), price(candidate)));
    let order = &preferences.order;
    if !order.is_empty() {
        let place = |candidate: &Candidate| {
            order
                .iter()
                .position(|name| matches(name, &candidate.endpoint))
                .unwrap_or(order.len())
        };
        candidates.sort_by_key(place);
        for candidate in candidates.iter_mut() {
            if place(candidate) < order.len() {
                candidate.reason = Reason::Ordered;
            }
        }
    } else if preferences.sort.is_none() {
        let steady = candidates.iter().take_while(|c| is_steady(c)).count();
        if let Some(drawn) = draw(&candidates[..steady], random) {
            candidates[..=drawn].rotate_right(1);
            candidates[0].reason = Reason::Drawn;
        }
    }
}

fn is_steady(candidate: &Candidate) -> bool {
    candidate.reason != Reason::Unsteady
}

/// Draws one of them with a probability in proportion to 1/price². They are sorted by price, so
/// free ones, if there are any, are at the front, and those of unknown price at the end. Where no
/// price is known, all are as likely.
fn draw(steady: &[Candidate], random: &mut fastrand::Rng) -> Option<usize> {
    let cheapest = price(steady.first()?);
    let alike = |candidate: &&Candidate| price(candidate) == cheapest;
    if cheapest == 0 || cheapest == UNKNOWN {
        return Some(random.usize(..steady.iter().take_while(alike).count()));
    }
    let known = steady
        .iter()
        .take_while(|candidate| price(candidate) != UNKNOWN)
        .count();
    let weight = |candidate: &Candidate| (cheapest as f64 / price(candidate) as f64).powi(2);
    let known = &steady[..known];
    let mut left = random.f64() * known.iter().map(weight).sum::<f64>();
    let drawn = known.iter().position(|candidate| {
        left -= weight(candidate);
        left < 0.0
    });
    // A sum of floats may leave a crumb.
    drawn.or(known.len().checked_sub(1))
}

const UNKNOWN: u64 = u64::MAX;

fn price(candidate: &Candidate) -> u64 {
    let balance = candidate.endpoint.prices().balance();
    balance.map_or(UNKNOWN, Price::femtodollars)
}
