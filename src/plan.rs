//! Who is to be asked, in which order and why.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use crate::catalog::{Catalog, Endpoint, Model};
use crate::keys::ProviderKey;
use crate::standing::{Backend, Conversation};

/// The endpoints in the order in which to ask them, pinned to one catalogue snapshot: prices never
/// change under a running request.
///
/// ```
/// use std::{sync::Arc, time::Instant};
/// use switchtower::catalog::Catalog;
/// use switchtower::choose::{Ask, plan};
/// use switchtower::standing::Roster;
/// use switchtower::{BoxError, Filter, Payload, Reason, Routing};
///
/// # fn main() -> Result<(), BoxError> {
/// let catalog = Catalog::from_toml(r#"
///     providers.acme.base_url = "https://api.acme.example/v1"
///     providers.beta.base_url = "https://api.beta.example/v1"
///     [[models.swift.endpoints]]
///     provider = "acme"
///     model = "swift-2"
///     [[models.swift.endpoints]]
///     provider = "beta"
///     model = "swift-2"
/// "#, "switchtower.toml", |_| None)?;
///
/// let ask = Payload::read(r#"{"model": "swift", "provider": {"ignore": ["acme"], "order": ["beta"]}}"#)?;
/// let plan = plan(&Ask::new(&ask, 1, Instant::now()), &Roster::from(Arc::new(catalog)).lineup())?;
/// assert_eq!((&*plan.requested, plan.routing), ("swift", Routing::Direct));
/// assert_eq!(plan.candidates[0].endpoint.tag(), "beta");
/// assert_eq!(plan.candidates[0].reason, Reason::Ordered);
/// assert_eq!(plan.rejected[0].filter, Filter::Ignore);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Plan {
    /// The first model's name, as the caller has sent it.
    pub requested: Requested,
    /// How that name led to the models.
    pub routing: Routing,
    /// In the order in which to ask. Never empty.
    pub candidates: Vec<Candidate>,
    /// What was filtered out, and by which rule.
    pub rejected: Vec<Rejected>,
    /// The snapshot that the plan was made from.
    pub catalog: Arc<Catalog>,
    pub(crate) conversation: Option<Conversation>,
}

/// One endpoint that may be asked.
///
/// See the example of [`Plan`]; [`Call::candidate`](crate::Call::candidate) gives the one whose turn it is.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// The endpoint, its model and what has been learned of it. All of it can be reached from the candidate as well.
    pub backend: Arc<Backend>,
    /// Why it stands where it stands.
    pub reason: Reason,
    /// The caller's own key, with which it is asked instead of the operator's; then what has been learned of it is about this
    /// key alone.
    pub own_key: Option<Arc<ProviderKey>>,
}

/// An endpoint that may not be asked.
///
/// See the example of [`Plan`].
#[derive(Clone, Debug)]
pub struct Rejected {
    /// Which one.
    pub endpoint: Arc<Endpoint>,
    /// Which rule removed it.
    pub filter: Filter,
}

/// A model's name as a caller has sent it. It is a `str`, kept without a copy where it is the model's own.
///
/// See the example of [`Plan`].
#[derive(Clone, Debug)]
pub struct Requested(Spelled);

#[derive(Clone, Debug)]
enum Spelled {
    /// As the catalogue has it.
    Alike(Arc<Model>),
    Otherwise(Box<str>),
}

/// How did the name that was asked for lead to the models of a plan?
///
/// The words are those of OpenRouter's router metadata. See the example of [`Plan`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Routing {
    /// It is the model's own name, with or without a variant that orders.
    #[default]
    Direct,
    /// Likewise, and there are models to fall back on.
    Fallback,
    /// It is another name of the model.
    Alias,
    /// It means the newest model of a family.
    Latest,
    /// The operator's rule has chosen.
    Auto,
    /// It means any model that is free.
    Free,
}

/// Why does a candidate stand where it stands?
///
/// See the example of [`Plan`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// Drawn by price: the cheaper, the likelier.
    Drawn,
    /// Not drawn, so next by price.
    Price,
    /// The caller's `provider.order` names it.
    Ordered,
    /// It is asked with a key of the caller's own.
    CallersKey,
    /// Its key is of the operator's own account.
    OwnKey,
    /// It has answered this conversation before, so its prompt cache is warm.
    Sticky,
    /// The tier that was asked for.
    Tier,
    /// Next by throughput.
    Throughput,
    /// Next by the time to the first token.
    Latency,
    /// Next by the quality of its calls of tools.
    Quality,
    /// Nothing is known of it yet, and this request is to find out.
    Explored,
    /// Drawn by the operator's weights.
    Weighted,
    /// Next in the catalogue.
    Listed,
    /// It answers the fewest requests just now.
    LeastInFlight,
    /// The better of two that were drawn.
    PowerOfTwo,
    /// Next by what this request is likely to cost there.
    ExpectedCost,
    /// It misses a threshold of the caller's, so it comes after those that do not.
    BelowThreshold,
    /// More than one in twenty requests of late has failed, so it comes after those that do better.
    Degraded,
    /// More than one in five requests of late has failed, so it is only a fallback.
    Down,
    /// It has failed in the last thirty seconds, so it comes after those that have not.
    Unsteady,
    /// It has no room for this request under its rate limits, so it comes after all that may have some.
    Short,
}

/// Which rule removed an endpoint?
///
/// See the example of [`Plan`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Filter {
    /// The key that was brought may not ask this model.
    AllowedModels,
    /// The key that was brought may not ask this provider.
    AllowedProviders,
    /// Not in `provider.only`.
    Only,
    /// In `provider.ignore`.
    Ignore,
    /// It may collect data, and `provider.data_collection` is `"deny"`.
    DataCollection,
    /// It may retain data, and `provider.zdr` is true.
    Zdr,
    /// `provider.enforce_distillable_text` is true, and the model's author does not allow it.
    Distillable,
    /// Not in `provider.quantizations`.
    Quantizations,
    /// Dearer than `provider.max_price`, or of unknown price.
    MaxPrice,
    /// Of unknown price, and the operator [denies](crate::catalog::UnknownPrices::Deny) those, or there is a spending limit.
    UnknownPrice,
    /// It does not support a parameter of the request, and `provider.require_parameters` is true.
    RequireParameters,
    /// It offers no tools, and another one does.
    Tools,
    /// It has no structured output, and another one does.
    ResponseFormat,
    /// It cannot be told how much to say, and another one can.
    Verbosity,
    /// It does not read what the messages hold, such as images.
    Input,
    /// It does not write what `modalities` asks for.
    Output,
    /// The prompt and the answer that is asked for do not fit into its context.
    ContextLength,
    /// It does not write as many tokens as are asked for.
    MaxTokens,
    /// It serves a tier that was not asked for, or not the one that was.
    ServiceTier,
    /// `provider.allow_fallbacks` is false and it is not in `provider.order`.
    AllowFallbacks,
    /// The caller's spending limit has no room for what the request may cost there. Those from here on
    /// [`settle`](crate::settle::claim) removes.
    Budget,
    /// Nothing bounds the answer, and there is a spending limit.
    AnswerBound,
    /// It does not say what a part of the messages takes at the most, and there is a spending limit.
    PartBound,
    /// It does not say how often it searches the web at the most, and how much it finds, and there is a spending limit.
    SearchBound,
    /// There is a tool that the provider runs itself, whose price nobody knows, and there is a spending limit.
    ToolBound,
}

// === impl Plan ===

impl Plan {
    /// The conversation that the request belongs to, if it is to be remembered who answered it.
    pub fn conversation(&self) -> Option<&Conversation> {
        self.conversation.as_ref()
    }
}

// === impl Candidate ===

impl Deref for Candidate {
    type Target = Backend;

    fn deref(&self) -> &Backend {
        &self.backend
    }
}

// === impl Filter ===

impl Filter {
    /// All of them, in the order in which they are applied.
    pub const ALL: [Self; 25] = [
        Self::AllowedModels,
        Self::AllowedProviders,
        Self::Only,
        Self::Ignore,
        Self::DataCollection,
        Self::Zdr,
        Self::Distillable,
        Self::Quantizations,
        Self::MaxPrice,
        Self::UnknownPrice,
        Self::RequireParameters,
        Self::Input,
        Self::Output,
        Self::ContextLength,
        Self::MaxTokens,
        Self::ServiceTier,
        Self::Tools,
        Self::ResponseFormat,
        Self::Verbosity,
        Self::AllowFallbacks,
        Self::Budget,
        Self::AnswerBound,
        Self::PartBound,
        Self::SearchBound,
        Self::ToolBound,
    ];

    /// The request field that set the rule or bears upon it, what is set for the key, or `model` where the operator has; `budget` is
    /// neither.
    pub fn field(self) -> &'static str {
        match self {
            Filter::AllowedModels => "key.allowed_models",
            Filter::AllowedProviders => "key.allowed_providers",
            Filter::Only => "provider.only",
            Filter::Ignore => "provider.ignore",
            Filter::DataCollection => "provider.data_collection",
            Filter::Zdr => "provider.zdr",
            Filter::Distillable => "provider.enforce_distillable_text",
            Filter::Quantizations => "provider.quantizations",
            Filter::MaxPrice => "provider.max_price",
            Filter::UnknownPrice => "model",
            Filter::RequireParameters => "provider.require_parameters",
            Filter::Tools | Filter::ToolBound => "tools",
            Filter::ResponseFormat => "response_format",
            Filter::Verbosity => "verbosity",
            Filter::Input | Filter::ContextLength | Filter::PartBound => "messages",
            Filter::Output => "modalities",
            Filter::MaxTokens | Filter::AnswerBound => "max_tokens",
            Filter::Budget => "budget",
            Filter::SearchBound => "web_search_options",
            Filter::ServiceTier => "service_tier",
            Filter::AllowFallbacks => "provider.allow_fallbacks",
        }
    }
}

// === impl Requested ===

impl Requested {
    /// This name, which has led to that model first.
    pub(crate) fn new(name: &str, model: &Arc<Model>) -> Self {
        Self(match model.id() == name {
            true => Spelled::Alike(model.clone()),
            false => Spelled::Otherwise(name.into()),
        })
    }
}

impl Deref for Requested {
    type Target = str;

    fn deref(&self) -> &str {
        match &self.0 {
            Spelled::Alike(model) => model.id(),
            Spelled::Otherwise(name) => name,
        }
    }
}

// === impl Routing ===

impl Routing {
    /// How router metadata spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Fallback => "fallback",
            Self::Alias => "alias",
            Self::Latest => "latest",
            Self::Auto => "auto",
            Self::Free => "free",
        }
    }
}

// === impl Reason ===

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Reason::Drawn => "drawn by price",
            Reason::Price => "next by price",
            Reason::Ordered => "named in provider.order",
            Reason::CallersKey => "the caller's own key",
            Reason::OwnKey => "own key",
            Reason::Sticky => "has answered this conversation",
            Reason::Tier => "tier asked for",
            Reason::Throughput => "next by throughput",
            Reason::Latency => "next by latency",
            Reason::Quality => "next by quality",
            Reason::Explored => "explored",
            Reason::Weighted => "drawn by weight",
            Reason::Listed => "next in the catalogue",
            Reason::LeastInFlight => "fewest in flight",
            Reason::PowerOfTwo => "better of two",
            Reason::ExpectedCost => "next by expected cost",
            Reason::BelowThreshold => "misses a threshold",
            Reason::Degraded => "degraded",
            Reason::Down => "down",
            Reason::Unsteady => "failed recently",
            Reason::Short => "short of headroom",
        })
    }
}
