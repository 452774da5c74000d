//! Gives those of whom nothing is known their chance.

use super::super::entry::Entry;
use super::place::{Doing, Late};
use crate::plan::Reason;

/// One request in so many goes to an endpoint of which nothing is known, where the others are ordered by what is
/// known of them. Nobody else would ever ask it.
const ONE_IN: u32 = 20;

/// Perhaps puts one of them first: one that does well, and that could stand there by everything but its figures.
pub(super) fn explore(entries: &mut [Entry<'_>], random: &mut fastrand::Rng) {
    let Some(first) = entries.first() else { return };
    let settled = first.unknown || !first.place.cold;
    if settled || first.reason == Reason::Ordered || random.u32(..ONE_IN) != 0 {
        return;
    }
    let first = first.place;
    let group = |entry: &Entry<'_>| (entry.place.shared, entry.place.band);
    // Whose key is the operator's own, or who is of the tier that was asked for, keeps its place before the others.
    let leads = |entry: &Entry<'_>| {
        // By name: where a sort ranges over all models, they have one place.
        let model = entry.endpoint.model();
        let mut of_model = entries.iter();
        let lead = of_model.find(|other| other.endpoint.model() == model);
        lead.map(group) == Some(group(entry))
    };
    let could = |entry: &Entry<'_>| {
        entry.unknown
            && entry.place.late != Late::Misses
            && entry.place.doing == Doing::Well
            && entry.place.model <= first.model
            && leads(entry)
    };
    let count = entries.iter().filter(|entry| could(entry)).count();
    if count == 0 {
        return;
    }
    let nth = random.usize(..count);
    let unknown = entries.iter().enumerate().filter(|(_, entry)| could(entry));
    if let Some(at) = unknown.map(|(at, _)| at).nth(nth) {
        entries[..=at].rotate_right(1);
        entries[0].reason = Reason::Explored;
    }
}
