//! What a request is likely to cost.

use std::time::SystemTime;

use super::asks::Asks;
use super::counted::Counted;
use super::no_bound::NoBound;
use super::parts::Parts;
use super::strict::{bounded, cap, within_context};
use crate::catalog::{Endpoint, HoldPolicy};
use crate::money::{Femto, Money};
use crate::plan::Candidate;
use crate::settle::cost::of;
use crate::standing::Density;
use crate::usage::Usage;

/// What a request is likely to cost at an endpoint: its text by the density that was learned of the model, and an answer of the usual
/// length, at the prices in force.
///
/// # Errors
///
/// [`NoBound::Price`] where a price is not known.
///
/// ```
/// use std::time::SystemTime;
/// use switchtower::{Payload, catalog::Catalog, standing::Density, settle::claim::{Asks, estimate}};
///
/// let catalog = Catalog::from_toml(r#"
///     providers.acme.base_url = "https://api.acme.example/v1"
///     [[models.swift.endpoints]]
///     provider = "acme"
///     model = "swift-2"
///     prices = { prompt = "1", completion = "2" }
/// "#, "switchtower.toml", |_| None)?;
/// let endpoint = &catalog.models()[0].endpoints()[0];
/// let asks = Asks::of(&Payload::read(r#"{"model": "swift", "max_tokens": 100, "prompt": "How are you?"}"#)?);
///
/// // Fourteen bytes with their quotes, four to a token as long as nothing has been learned.
/// let likely = estimate(endpoint, &asks, &Density::default(), SystemTime::now())?;
/// assert_eq!(likely.femtodollars(), 4 * 1_000_000_000 + 100 * 2_000_000_000);
/// # Ok::<_, switchtower::BoxError>(())
/// ```
pub fn estimate(
    endpoint: &Endpoint,
    asks: &Asks,
    density: &Density,
    wall: SystemTime,
) -> Result<Femto, NoBound> {
    match cap(endpoint) {
        Some(cap) => Ok(cap),
        None => likely(endpoint, asks, || density.tokens(asks.text), wall),
    }
}

/// Likewise, of one that has no [`cap`], and of a text of so many tokens.
fn likely(
    endpoint: &Endpoint,
    asks: &Asks,
    text: impl FnOnce() -> u64,
    wall: SystemTime,
) -> Result<Femto, NoBound> {
    let usage = Usage {
        input: text().saturating_add(Parts::of(asks).tokens(Some(endpoint))),
        output: asks.expected_output,
        images: asks.images(),
        web_searches: asks.searches.into(),
        ..Usage::default()
    };
    let prices = endpoint.prices().at(usage.prompt_tokens(), wall);
    of(&prices, &usage).ok_or(NoBound::Price)
}

/// What is claimed for a request to this candidate, where a limit holds.
pub(super) fn amount(
    policy: HoldPolicy,
    candidate: &Candidate,
    asks: &Asks,
    counted: &Counted<'_>,
    wall: SystemTime,
) -> Result<Money, NoBound> {
    let endpoint = &candidate.endpoint;
    if let Some(cap) = cap(endpoint) {
        return Ok(cap.round());
    }
    match policy {
        HoldPolicy::Strict => bounded(endpoint, asks).map(Femto::round),
        HoldPolicy::Estimate { max_debt } => {
            let most = within_context(endpoint, asks)?.round();
            let text = || counted.tokens(candidate, asks);
            let likely = likely(endpoint, asks, text, wall)?.round();
            Ok(likely.max(most.saturating_sub(max_debt)).min(most))
        }
    }
}

/// Likewise, where none does: what has no bound is estimated, and what has no price is nothing.
pub(super) fn unlimited(
    policy: HoldPolicy,
    candidate: &Candidate,
    asks: &Asks,
    counted: &Counted<'_>,
    wall: SystemTime,
) -> Money {
    let text = || counted.tokens(candidate, asks);
    amount(policy, candidate, asks, counted, wall)
        .or_else(|_| likely(&candidate.endpoint, asks, text, wall).map(Femto::round))
        .unwrap_or(Money::ZERO)
}
