//! One model at one provider.

use std::sync::Arc;

use super::{Pace, PartBounds, Prices, Provider, UnknownPrices};
use crate::wire::{Fields, Modalities, Prefill, Quantization, Tier};

/// One model as one provider serves it: the unit of choice, of price and of standing.
///
/// Made by [`CatalogBuilder::build`](super::CatalogBuilder::build), shared by `Arc`, never changed.
///
/// ```
/// use switchtower::catalog::{Catalog, EndpointSpec, ModelSpec, Provider};
///
/// let catalog = Catalog::builder()
///     .provider(Provider::new("acme", "https://api.acme.test".parse()?))
///     .model(ModelSpec::new("meta/llama").endpoint(EndpointSpec::new("acme", "llama-v3")))
///     .build()?;
///
/// let endpoint = &catalog.find("meta/llama").unwrap().endpoints()[0];
/// assert_eq!(endpoint.key(), "meta/llama@acme");
/// assert_eq!(endpoint.upstream_model(), "llama-v3");
/// assert!(endpoint.prices().is_unknown());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Endpoint {
    /// `<model>@<tag>`, of which the other two are parts.
    pub(super) key: Box<str>,
    pub(super) model_len: usize,
    pub(super) provider: Arc<Provider>,
    pub(super) upstream_model: Box<str>,
    /// The same as JSON: every request needs it so.
    pub(super) upstream_model_json: Box<str>,
    pub(super) prices: Prices,
    /// Do they charge for nothing, whenever and whatever is asked? Every request asks.
    pub(super) free: bool,
    /// The policy under which it stands, if its price is not known.
    pub(super) unknown_price: Option<Arc<UnknownPrices>>,
    /// What the same costs in the tiers in which it may be answered instead.
    pub(super) other_tiers: Box<[(Tier, Prices)]>,
    pub(super) context_length: Option<u64>,
    pub(super) max_completion_tokens: Option<u64>,
    pub(super) max_prompt_tokens: Option<u64>,
    /// Its place among all endpoints of the catalogue.
    pub(super) index: usize,
    pub(super) tier: Option<Tier>,
    pub(super) quantization: Option<Quantization>,
    pub(super) parameters: Option<Fields>,
    pub(super) input: Option<Modalities>,
    pub(super) output: Option<Modalities>,
    pub(super) collects_data: bool,
    pub(super) zdr: bool,
    pub(super) own_key: bool,
    pub(super) implicit_caching: bool,
    pub(super) weight: u32,
    pub(super) score: Option<u32>,
    pub(super) pace: Pace,
    pub(super) prefill: Option<Prefill>,
    pub(super) recovers: Option<bool>,
    pub(super) bounds: PartBounds,
}

// === impl Endpoint ===

impl Endpoint {
    /// `<model>@<tag>`, which no other endpoint of the catalogue has.
    ///
    /// It is the same from one snapshot to the next, so that what was learned of an endpoint outlives a
    /// reload.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The id of the model that it serves.
    #[must_use]
    pub fn model(&self) -> &str {
        &self.key[..self.model_len]
    }

    /// What tells it from the model's other endpoints: the provider's slug, such as `deepinfra`, or a
    /// variant of it, such as `deepinfra/fp8`.
    #[must_use]
    pub fn tag(&self) -> &str {
        &self.key[self.model_len + 1..]
    }

    /// Who serves it.
    #[must_use]
    pub fn provider(&self) -> &Arc<Provider> {
        &self.provider
    }

    /// What the provider calls the model.
    #[must_use]
    pub fn upstream_model(&self) -> &str {
        &self.upstream_model
    }

    /// The same as it stands in a request: a JSON string, with its quotes.
    #[must_use]
    pub fn upstream_model_json(&self) -> &str {
        &self.upstream_model_json
    }

    /// What the provider asks for it.
    #[must_use]
    pub fn prices(&self) -> &Prices {
        &self.prices
    }

    /// What the provider asks for an answer in this tier, which need not be the one that was asked for: the prices of
    /// `openai`, where `openai/priority` has answered by default. None if the catalogue does not have that tier.
    #[must_use]
    pub fn prices_in(&self, tier: Tier) -> Option<&Prices> {
        if tier == self.tier.unwrap_or(Tier::Default) {
            return Some(&self.prices);
        }
        let mut others = self.other_tiers.iter();
        let other = others.find(|(other, _)| *other == tier);
        other.map(|(_, prices)| prices)
    }

    /// What the provider asks for answers in each other tier of the catalogue.
    pub(crate) fn prices_elsewhere(&self) -> impl Iterator<Item = &Prices> {
        self.other_tiers.iter().map(|(_, prices)| prices)
    }

    /// What becomes of it since its price is not known; none if it is.
    #[must_use]
    pub fn unknown_price(&self) -> Option<&UnknownPrices> {
        self.unknown_price.as_deref()
    }

    /// Does it charge for nothing, long prompts, dear hours, images and searches included?
    #[must_use]
    pub fn is_free(&self) -> bool {
        self.free
    }

    /// Tokens of prompt and completion together; the model's, unless the endpoint has its own.
    #[must_use]
    pub fn context_length(&self) -> Option<u64> {
        self.context_length
    }

    /// The longest completion, in tokens.
    #[must_use]
    pub fn max_completion_tokens(&self) -> Option<u64> {
        self.max_completion_tokens
    }

    /// The longest prompt, in tokens.
    #[must_use]
    pub fn max_prompt_tokens(&self) -> Option<u64> {
        self.max_prompt_tokens
    }

    /// What parts of a prompt take at the most that are no text.
    #[must_use]
    pub fn bounds(&self) -> &PartBounds {
        &self.bounds
    }

    /// Its place among all endpoints of its catalogue, counted from 0 in the order of the file. It says nothing about
    /// another snapshot.
    #[must_use]
    pub fn index(&self) -> usize {
        self.index
    }

    /// The tier that it serves, if its tag names one; then it is asked only by those who ask for that tier.
    #[must_use]
    pub fn tier(&self) -> Option<Tier> {
        self.tier
    }

    /// In how many bits it keeps the model's weights; none if it does not say.
    #[must_use]
    pub fn quantization(&self) -> Option<Quantization> {
        self.quantization
    }

    /// The parameters that it supports, of [`Fields::PARAMETERS`]; none if it does not say.
    #[must_use]
    pub fn parameters(&self) -> Option<Fields> {
        self.parameters
    }

    /// Is it known to reason, since it supports `reasoning`?
    #[must_use]
    pub fn reasons(&self) -> bool {
        let reasons = |fields: Fields| fields.within(Fields::OF_REASONING) != Fields::NONE;
        self.parameters.is_some_and(reasons)
    }

    /// What it reads; none if it does not say.
    #[must_use]
    pub fn input(&self) -> Option<Modalities> {
        self.input
    }

    /// What it writes; none if it does not say.
    #[must_use]
    pub fn output(&self) -> Option<Modalities> {
        self.output
    }

    /// Does it keep what it is told, for purposes of its own? Yes, unless the catalogue says that it does not.
    #[must_use]
    pub fn collects_data(&self) -> bool {
        self.collects_data
    }

    /// Does it retain nothing? No, unless the catalogue says so.
    #[must_use]
    pub fn is_zdr(&self) -> bool {
        self.zdr
    }

    /// Is it paid by an account of the operator's own?
    #[must_use]
    pub fn has_own_key(&self) -> bool {
        self.own_key
    }

    /// Does it keep prompts in a cache unasked?
    #[must_use]
    pub fn caches_implicitly(&self) -> bool {
        self.implicit_caching
    }

    /// Its share under [`Strategy::Weighted`](super::Strategy::Weighted).
    #[must_use]
    pub fn weight(&self) -> u32 {
        self.weight
    }

    /// How well it does in benchmarks of tool calls, in thousandths; none if that was not measured.
    #[must_use]
    pub fn score(&self) -> Option<u32> {
        self.score
    }

    /// How many requests and tokens a minute the operator lets go to it, whatever the key.
    #[must_use]
    pub fn pace(&self) -> Pace {
        self.pace
    }

    /// How it is told to go on with an answer that has begun; none if it does not say that it can.
    #[must_use]
    pub fn prefill(&self) -> Option<Prefill> {
        self.prefill
    }

    /// Is an answer of it mended that breaks? None if the catalogue leaves that to the request or the layer.
    #[must_use]
    pub fn recovers(&self) -> Option<bool> {
        self.recovers
    }
}
