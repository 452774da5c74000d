//! `openrouter/free`: any model that costs nothing.

use std::sync::Arc;

use super::able::{Able, FALLBACKS};
use crate::catalog::Model;
use crate::error::Error;
use crate::standing::Lineup;

/// Picks models of the free ones that can answer the request, all as likely. A conversation stays with its model.
pub(super) fn pick<'a>(
    able: &Able<'_>,
    lineup: &'a Lineup,
    random: &mut fastrand::Rng,
) -> Result<Vec<&'a Arc<Model>>, Error> {
    let free = lineup.catalog().free().iter();
    let best = free.clone();
    let mut picked: Vec<_> = best
        .filter_map(|model| Some((able.best(model)?.0, model)))
        .collect();
    let lacks = picked.iter().map(|(lacks, _)| *lacks).min();
    picked.retain(|(lacking, _)| Some(*lacking) == lacks);
    let stays = picked
        .iter()
        .position(|(_, model)| able.has_answered(model));
    for place in 0..picked.len().min(1 + FALLBACKS) {
        let next = match (place, stays) {
            (0, Some(stays)) => stays,
            _ => random.usize(place..picked.len()),
        };
        picked.swap(place, next);
    }
    picked.truncate(1 + FALLBACKS);
    able.or_all(picked.into_iter().map(|(_, model)| model).collect(), free)
}
