//! `openrouter/free`: any model that costs nothing.

use std::sync::Arc;

use super::able::{Able, FALLBACKS};
use crate::catalog::{Endpoint, Model, Prices};
use crate::error::Error;
use crate::standing::Lineup;

/// Picks models of the free ones that can answer the request, all as likely. A conversation stays with its model.
pub(super) fn pick<'a>(
    able: &Able<'_>,
    lineup: &'a Lineup,
    random: &mut fastrand::Rng,
) -> Result<Vec<&'a Arc<Model>>, Error> {
    let models = lineup.catalog().models().iter();
    let has_free = |model: &Arc<Model>| model.endpoints().iter().any(|e| is_free(e));
    let free = models.filter(|model| !model.is_hidden() && has_free(model));
    let mut picked: Vec<_> = free
        .clone()
        .filter(|model| able.cost(model).is_some())
        .collect();
    let stays = picked.iter().position(|model| able.has_answered(model));
    for place in 0..picked.len().min(1 + FALLBACKS) {
        let next = match (place, stays) {
            (0, Some(stays)) => stays,
            _ => random.usize(place..picked.len()),
        };
        picked.swap(place, next);
    }
    picked.truncate(1 + FALLBACKS);
    able.or_all(picked, free)
}

/// Does it charge for nothing, long prompts and dear hours included?
pub(in crate::choose) fn is_free(endpoint: &Endpoint) -> bool {
    let nothing = |prices: &Prices| {
        let each = [prices.prompt(), prices.completion(), prices.request()];
        each.iter().all(|price| price.is_some_and(|p| p.is_zero()))
    };
    nothing(&endpoint.prices().dearest(u64::MAX))
}
