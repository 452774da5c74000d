//! An endpoint as it is described, before anything is checked.

use std::num::{NonZeroU32, NonZeroU64};

use super::{Pace, PartBounds, Prices};
use crate::wire::{Fields, Prefill, Quantization};

/// An endpoint to be given to a model.
///
/// ```
/// use switchtower::Price;
/// use switchtower::catalog::{EndpointSpec, Prices, Rate};
///
/// let endpoint = EndpointSpec::new("deepinfra", "meta-llama/Llama-3.3-70B-Instruct")
///     .with_tag("deepinfra/fp8")
///     .with_prices(Prices::unknown().with(Rate::Prompt, Price::per_million("0.23")?));
/// # Ok::<(), switchtower::ParsePriceError>(())
/// ```
#[derive(Debug, Clone)]
pub struct EndpointSpec {
    pub(super) provider: Box<str>,
    pub(super) upstream_model: Box<str>,
    pub(super) tag: Option<Box<str>>,
    pub(super) prices: Prices,
    pub(super) context_length: Option<NonZeroU64>,
    pub(super) max_completion_tokens: Option<NonZeroU64>,
    pub(super) max_prompt_tokens: Option<NonZeroU64>,
    pub(super) quantization: Option<Quantization>,
    pub(super) parameters: Option<Fields>,
    pub(super) collects_data: Option<bool>,
    pub(super) zdr: Option<bool>,
    pub(super) own_key: Option<bool>,
    pub(super) implicit_caching: Option<bool>,
    pub(super) weight: Option<NonZeroU32>,
    pub(super) score: Option<u32>,
    pub(super) pace: Pace,
    pub(super) prefill: Option<Prefill>,
    pub(super) recovers: Option<bool>,
    pub(super) bounds: PartBounds,
}

// === impl EndpointSpec ===

impl EndpointSpec {
    /// An endpoint of the provider with this slug, which calls the model `upstream_model`.
    #[must_use]
    pub fn new(provider: &str, upstream_model: &str) -> Self {
        EndpointSpec {
            provider: provider.into(),
            upstream_model: upstream_model.into(),
            tag: None,
            prices: Prices::unknown(),
            context_length: None,
            max_completion_tokens: None,
            max_prompt_tokens: None,
            quantization: None,
            parameters: None,
            collects_data: None,
            zdr: None,
            own_key: None,
            implicit_caching: None,
            weight: None,
            score: None,
            pace: Pace::default(),
            prefill: None,
            recovers: None,
            bounds: PartBounds::NONE,
        }
    }

    /// The provider's slug (the default), or that with a variant: `deepinfra/fp8`.
    #[must_use]
    pub fn with_tag(mut self, tag: &str) -> Self {
        self.tag = Some(tag.into());
        self
    }

    /// What the provider asks for it; by default unknown.
    #[must_use]
    pub fn with_prices(mut self, prices: Prices) -> Self {
        self.prices = prices;
        self
    }

    /// Tokens of prompt and completion together, if not the model's.
    #[must_use]
    pub fn with_context_length(mut self, tokens: NonZeroU64) -> Self {
        self.context_length = Some(tokens);
        self
    }

    /// The longest completion, in tokens.
    #[must_use]
    pub fn with_max_completion_tokens(mut self, tokens: NonZeroU64) -> Self {
        self.max_completion_tokens = Some(tokens);
        self
    }

    /// The longest prompt, in tokens, if the provider has such a limit.
    #[must_use]
    pub fn with_max_prompt_tokens(mut self, tokens: NonZeroU64) -> Self {
        self.max_prompt_tokens = Some(tokens);
        self
    }

    /// In how many bits it keeps the model's weights.
    #[must_use]
    pub fn with_quantization(mut self, quantization: Quantization) -> Self {
        self.quantization = Some(quantization);
        self
    }

    /// The parameters that it supports, of [`Fields::PARAMETERS`]; by default that is not known, and nothing is held
    /// against it.
    #[must_use]
    pub fn with_parameters(mut self, parameters: Fields) -> Self {
        self.parameters = Some(parameters);
        self
    }

    /// Does it keep what it is told, for purposes of its own? By default as its provider.
    #[must_use]
    pub fn with_data_collection(mut self, collects: bool) -> Self {
        self.collects_data = Some(collects);
        self
    }

    /// Does it retain nothing? By default as its provider.
    #[must_use]
    pub fn with_zdr(mut self, zdr: bool) -> Self {
        self.zdr = Some(zdr);
        self
    }

    /// Is it paid by an account of the operator's own, so that it is asked first? By default as its provider.
    #[must_use]
    pub fn with_own_key(mut self, own: bool) -> Self {
        self.own_key = Some(own);
        self
    }

    /// Does it keep prompts in a cache unasked? By default what a source says, else no.
    #[must_use]
    pub fn with_implicit_caching(mut self, caches: bool) -> Self {
        self.implicit_caching = Some(caches);
        self
    }

    /// Its share under [`Strategy::Weighted`](super::Strategy::Weighted); by default 1.
    #[must_use]
    pub fn with_weight(mut self, weight: NonZeroU32) -> Self {
        self.weight = Some(weight);
        self
    }

    /// How well it does in benchmarks of tool calls, in thousandths.
    #[must_use]
    pub fn with_score(mut self, thousandths: u32) -> Self {
        self.score = Some(thousandths);
        self
    }

    /// How many requests and tokens a minute go to it, whatever the key.
    #[must_use]
    pub fn with_pace(mut self, pace: Pace) -> Self {
        self.pace = pace;
        self
    }

    /// How it is told to go on with an answer that has begun; by default it cannot.
    #[must_use]
    pub fn with_prefill(mut self, prefill: Prefill) -> Self {
        self.prefill = Some(prefill);
        self
    }

    /// Is an answer of it [mended](crate::dispatch::recover) that breaks? By default as its model's.
    #[must_use]
    pub fn with_recovery(mut self, recovers: bool) -> Self {
        self.recovers = Some(recovers);
        self
    }

    /// What parts of a prompt take at the most that are no text, if not the model's.
    #[must_use]
    pub fn with_bounds(mut self, bounds: PartBounds) -> Self {
        self.bounds = bounds;
        self
    }

    pub(super) fn tag(&self) -> &str {
        self.tag.as_deref().unwrap_or(&self.provider)
    }
}
