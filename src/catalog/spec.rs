//! A model and its endpoints as they are described, before anything is checked.

use std::num::NonZeroU64;

use super::Prices;

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

    pub(super) fn tag(&self) -> &str {
        self.tag.as_deref().unwrap_or(&self.provider)
    }
}
