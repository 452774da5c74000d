//! From a request to a plan.

use std::sync::{Arc, LazyLock};

use super::ask::Ask;
use super::entry::Entry;
use super::filter::{Filters, place};
use super::models::{Models, Wanted};
use super::operation::right;
use super::rank::rank;
use super::refusal::{no_endpoints, unserved, wrong_operation};
use super::sticky::{conversation, is_named};
use super::turns::turns;
use crate::error::Error;
use crate::plan::{Candidate, Filter, Plan, Rejected};
use crate::standing::{Conversation, Lineup};
use crate::wire::Preferences;

/// Makes the plan of a request; the same arguments make the same plan.
///
/// # Errors
///
/// [`Kind::Invalid`](crate::Kind::Invalid) when the request names no model, or too many of them;
/// [`Kind::UnknownModel`](crate::Kind::UnknownModel) with the nearest names; [`Kind::NoEndpoints`](crate::Kind::NoEndpoints) with
/// what removed how many.
pub fn plan(ask: &Ask<'_>, lineup: &Lineup) -> Result<Plan, Error> {
    static NONE: LazyLock<Preferences> = LazyLock::new(Preferences::default);
    let view = ask.payload.view();
    if let Some(field) = view.unserved() {
        return Err(unserved(field));
    }
    let filters = Filters::new(ask, view.preferences().unwrap_or(&NONE));
    let mut random = fastrand::Rng::with_seed(ask.seed);
    let (mut models, requested) = Models::of(ask, lineup, &filters, &mut random)?;
    for Wanted { model, .. } in models.iter() {
        if let Some(right) = right(view, model) {
            return Err(wrong_operation(model.id(), right));
        }
    }

    let mut rejected = Vec::new();
    let mut entries = Vec::with_capacity(models.iter().map(|m| m.model.endpoints().len()).sum());
    for (at, wanted) in models.iter().enumerate() {
        let start = entries.len();
        admit(
            ask,
            lineup,
            &filters,
            (at, wanted),
            &mut entries,
            &mut rejected,
        );
        filters.prefer(&mut entries, start, &mut rejected);
    }
    let known = models.conversation.take();
    let conversation = known.or_else(|| look_up(ask, &filters, &entries));
    rank(
        &mut entries,
        ask,
        &filters,
        conversation.as_ref(),
        &mut random,
    );
    let mut candidates = turns(&entries, ask.caller, ask.now);
    if !filters.preferences.allow_fallbacks {
        without_fallbacks(&mut candidates, &mut rejected, filters.preferences);
    }
    if candidates.is_empty() {
        return Err(no_endpoints(
            ask.payload,
            &filters,
            models.routing,
            rejected,
        ));
    }
    Ok(Plan {
        requested,
        routing: models.routing,
        candidates,
        rejected,
        catalog: lineup.catalog().clone(),
        conversation,
    })
}

/// Lets in the endpoints of one model that no filter removes.
fn admit<'a>(
    ask: &Ask<'_>,
    lineup: &'a Lineup,
    filters: &Filters<'_>,
    (at, wanted): (usize, &Wanted<'a>),
    entries: &mut Vec<Entry<'a>>,
    rejected: &mut Vec<Rejected>,
) {
    let prompt = lineup.density(wanted.model).tokens(filters.needs.text);
    for (place, endpoint) in wanted.model.endpoints().iter().enumerate() {
        // What costs something is nothing that the router for free models has ever offered.
        if wanted.free && !endpoint.is_free() {
            continue;
        }
        // Nor is it to be asked twice, where the model is named as well.
        let is_known = |entry: &Entry<'_>| Arc::ptr_eq(&entry.endpoint, endpoint);
        if at > 0 && endpoint.is_free() && entries.iter().any(is_known) {
            continue;
        }
        let prices = endpoint.prices().at(prompt, ask.wall);
        match filters.rejects(wanted, endpoint, &prices) {
            Some(filter) => rejected.push(Rejected {
                endpoint: endpoint.clone(),
                filter,
            }),
            None => {
                let backend = lineup.backend(endpoint);
                // Those of a model that comes first come first, whoever is left of them.
                let places = (at as u32, (at as u32) << 16 | (place as u32).min(0xffff));
                entries.push(Entry::new(*wanted, backend, places));
            }
        }
    }
}

/// The conversation, where it can make a difference: it has a name, or a cache would save something.
fn look_up(ask: &Ask<'_>, filters: &Filters<'_>, entries: &[Entry<'_>]) -> Option<Conversation> {
    let mut endpoints = entries.iter().map(|entry| &entry.endpoint);
    let matters = is_named(ask) || endpoints.any(|endpoint| Conversation::saves(endpoint));
    matters
        .then(|| conversation(ask, filters.preferences))
        .flatten()
}

/// Keeps the endpoints that `order` names, or without one the head of the plan.
fn without_fallbacks(
    candidates: &mut Vec<Candidate>,
    rejected: &mut Vec<Rejected>,
    preferences: &Preferences,
) {
    let first = candidates.first().cloned();
    let (kept, others): (Vec<_>, Vec<_>) = std::mem::take(candidates).into_iter().partition(
        |candidate| match &preferences.order[..] {
            [] => first
                .as_ref()
                .is_some_and(|first| is_like(candidate, first)),
            order => place(order, &candidate.endpoint).is_some(),
        },
    );
    for (at, other) in others.iter().enumerate() {
        let endpoint = &other.endpoint;
        let mut before = kept.iter().chain(&others[..at]);
        if !before.any(|it| Arc::ptr_eq(&it.endpoint, endpoint)) {
            rejected.push(Rejected {
                endpoint: endpoint.clone(),
                filter: Filter::AllowFallbacks,
            });
        }
    }
    *candidates = kept;
}

/// Is it the same endpoint, with keys of the same owner?
fn is_like(one: &Candidate, other: &Candidate) -> bool {
    Arc::ptr_eq(&one.endpoint, &other.endpoint) && one.own_key.is_some() == other.own_key.is_some()
}
