//! From a request to a plan.

use std::sync::{Arc, LazyLock};
use std::time::Instant;

use super::filter::{Filters, matches};
use super::rank::rank;
use super::refusal::{no_endpoints, no_model, unknown_model, unserved};
use crate::catalog::{Catalog, Model};
use crate::error::Error;
use crate::payload::Payload;
use crate::plan::{Candidate, Filter, Plan, Reason, Rejected};
use crate::standing::Lineup;
use crate::wire::Preferences;

/// Makes the plan of a request; the same arguments make the same plan.
///
/// # Errors
///
/// [`Kind::Invalid`](crate::Kind::Invalid) when the request names no model, or a preference is not one;
/// [`Kind::UnknownModel`](crate::Kind::UnknownModel) with the nearest names; [`Kind::NoEndpoints`](crate::Kind::NoEndpoints) with
/// what removed how many.
pub fn plan(payload: &Payload, lineup: &Lineup, seed: u64, now: Instant) -> Result<Plan, Error> {
    static NONE: LazyLock<Preferences> = LazyLock::new(Preferences::default);
    let (view, catalog) = (payload.view(), lineup.catalog());
    if let Some(field) = view.unserved() {
        return Err(unserved(field));
    }
    let preferences = view.preferences().unwrap_or(&NONE);
    let filters = Filters::new(preferences)?;
    let mut random = fastrand::Rng::with_seed(seed);
    let mut candidates = Vec::new();
    let mut rejected = Vec::new();

    let (first, others) = models(payload, catalog)?;
    for model in std::iter::once(&first).chain(&others) {
        let mut survivors = Vec::with_capacity(model.endpoints().len());
        for endpoint in model.endpoints() {
            match filters.rejects(endpoint) {
                Some(filter) => rejected.push(Rejected {
                    endpoint: endpoint.clone(),
                    filter,
                }),
                None => survivors.push(Candidate {
                    model: model.clone(),
                    endpoint: endpoint.clone(),
                    standing: lineup.standing(endpoint).clone(),
                    reason: Reason::Price,
                }),
            }
        }
        rank(&mut survivors, preferences, &mut random, now);
        if candidates.is_empty() {
            candidates = survivors;
        } else {
            candidates.append(&mut survivors);
        }
    }
    if !preferences.allow_fallbacks {
        without_fallbacks(&mut candidates, &mut rejected, preferences);
    }
    if candidates.is_empty() {
        return Err(no_endpoints(payload, &rejected));
    }
    Ok(Plan {
        candidates,
        rejected,
        catalog: catalog.clone(),
    })
}

/// The models that the request names, in order, each once: the first, and the others.
fn models(payload: &Payload, catalog: &Catalog) -> Result<(Arc<Model>, Vec<Arc<Model>>), Error> {
    let (view, body) = (payload.view(), payload.bytes());
    let (mut head, mut rest): (Option<Arc<Model>>, Vec<Arc<Model>>) = Default::default();
    let first = view.model(body).map(|name| (name, "model"));
    let others = view.models(body).map(|name| (name, "models"));
    for (name, field) in first.into_iter().chain(others) {
        let model = catalog
            .find(&name)
            .ok_or_else(|| unknown_model(&name, field, catalog))?;
        if head.is_none() {
            head = Some(model.clone());
        } else if !head
            .iter()
            .chain(&rest)
            .any(|known| Arc::ptr_eq(known, model))
        {
            rest.push(model.clone());
        }
    }
    Ok((head.ok_or_else(no_model)?, rest))
}

/// Keeps the endpoints that `order` names, or without one the head of the plan.
fn without_fallbacks(
    candidates: &mut Vec<Candidate>,
    rejected: &mut Vec<Rejected>,
    preferences: &Preferences,
) {
    let mut place = 0;
    candidates.retain(|candidate| {
        place += 1;
        let keep = match &preferences.order[..] {
            [] => place == 1,
            order => order.iter().any(|name| matches(name, &candidate.endpoint)),
        };
        if !keep {
            let endpoint = candidate.endpoint.clone();
            rejected.push(Rejected {
                endpoint,
                filter: Filter::AllowFallbacks,
            });
        }
        keep
    });
}
