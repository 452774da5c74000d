//! A model and its endpoints as they are described, before anything is checked.

use std::num::{NonZeroU32, NonZeroU64};

use super::{Prices, Strategy};
use crate::wire::{Fields, Modalities, Quantization};

/// A model to be put in a catalogue.
///
/// ```
/// use switchtower::catalog::{EndpointSpec, ModelSpec};
///
/// let model = ModelSpec::new("openai/gpt-4o-mini")
///     .with_name("OpenAI: GPT-4o mini")
///     .with_alias("gpt-4o-mini")
///     .with_context_length(128_000.try_into()?)
///     .endpoint(EndpointSpec::new("openai", "gpt-4o-mini"));
/// # Ok::<(), std::num::TryFromIntError>(())
/// ```
#[derive(Debug, Clone)]
pub struct ModelSpec {
    pub(super) id: Box<str>,
    pub(super) name: Option<Box<str>>,
    pub(super) aliases: Vec<Box<str>>,
    pub(super) created: Option<u64>,
    pub(super) description: Option<Box<str>>,
    pub(super) context_length: Option<NonZeroU64>,
    pub(super) canonical_slug: Option<Box<str>>,
    pub(super) input: Option<Modalities>,
    pub(super) output: Option<Modalities>,
    pub(super) distillable: bool,
    pub(super) moderated: bool,
    pub(super) hidden: bool,
    pub(super) expires: Option<Box<str>>,
    pub(super) hugging_face_id: Option<Box<str>>,
    pub(super) strategy: Strategy,
    pub(super) endpoints: Vec<EndpointSpec>,
}

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
    pub(super) implicit_caching: bool,
    pub(super) weight: Option<NonZeroU32>,
    pub(super) score: Option<u32>,
}

// === impl ModelSpec ===

impl ModelSpec {
    /// A model that requests call `id`. It needs an endpoint.
    #[must_use]
    pub fn new(id: &str) -> Self {
        ModelSpec {
            id: id.into(),
            name: None,
            aliases: Vec::new(),
            created: None,
            description: None,
            context_length: None,
            canonical_slug: None,
            input: None,
            output: None,
            distillable: false,
            moderated: false,
            hidden: false,
            expires: None,
            hugging_face_id: None,
            strategy: Strategy::default(),
            endpoints: Vec::new(),
        }
    }

    /// The name for people; by default the id.
    #[must_use]
    pub fn with_name(mut self, name: &str) -> Self {
        self.name = Some(name.into());
        self
    }

    /// One more name that requests may give it.
    #[must_use]
    pub fn with_alias(mut self, alias: &str) -> Self {
        self.aliases.push(alias.into());
        self
    }

    /// When it appeared, in seconds since 1970 UTC.
    #[must_use]
    pub fn with_created(mut self, seconds: u64) -> Self {
        self.created = Some(seconds);
        self
    }

    /// What it is good for.
    #[must_use]
    pub fn with_description(mut self, description: &str) -> Self {
        self.description = Some(description.into());
        self
    }

    /// Tokens of prompt and completion together.
    #[must_use]
    pub fn with_context_length(mut self, tokens: NonZeroU64) -> Self {
        self.context_length = Some(tokens);
        self
    }

    /// The permanent name, such as one with a date; by default the id.
    #[must_use]
    pub fn with_canonical_slug(mut self, slug: &str) -> Self {
        self.canonical_slug = Some(slug.into());
        self
    }

    /// What it reads; by default that is not known, and nothing is held against it.
    #[must_use]
    pub fn with_input(mut self, modalities: Modalities) -> Self {
        self.input = Some(modalities);
        self
    }

    /// What it writes; by default that is not known, and nothing is held against it.
    #[must_use]
    pub fn with_output(mut self, modalities: Modalities) -> Self {
        self.output = Some(modalities);
        self
    }

    /// Its author allows to distill from its text.
    #[must_use]
    pub fn distillable(mut self) -> Self {
        self.distillable = true;
        self
    }

    /// Its author has prompts looked at before they are answered.
    #[must_use]
    pub fn moderated(mut self) -> Self {
        self.moderated = true;
        self
    }

    /// It is answered for, but neither listed nor chosen by an alias or a router.
    #[must_use]
    pub fn hidden(mut self) -> Self {
        self.hidden = true;
        self
    }

    /// The day after which it is gone, as `2026-12-31`: for people.
    #[must_use]
    pub fn with_expiration_date(mut self, date: &str) -> Self {
        self.expires = Some(date.into());
        self
    }

    /// Its name at Hugging Face.
    #[must_use]
    pub fn with_hugging_face_id(mut self, id: &str) -> Self {
        self.hugging_face_id = Some(id.into());
        self
    }

    /// How its endpoints are ranked where a caller has no wish.
    #[must_use]
    pub fn with_strategy(mut self, strategy: Strategy) -> Self {
        self.strategy = strategy;
        self
    }

    /// One more endpoint that serves it.
    #[must_use]
    pub fn endpoint(mut self, endpoint: EndpointSpec) -> Self {
        self.endpoints.push(endpoint);
        self
    }
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
            implicit_caching: false,
            weight: None,
            score: None,
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

    /// It keeps prompts in a cache unasked.
    #[must_use]
    pub fn with_implicit_caching(mut self) -> Self {
        self.implicit_caching = true;
        self
    }

    /// Its share under [`Strategy::Weighted`]; by default 1.
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

    pub(super) fn tag(&self) -> &str {
        self.tag.as_deref().unwrap_or(&self.provider)
    }
}
