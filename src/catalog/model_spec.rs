//! A model as it is described, before anything is checked.

use std::num::NonZeroU64;

use super::{ContentPolicy, EndpointSpec, ModelDeadlines, PartBounds, Strategy};
use crate::wire::Modalities;

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
    pub(super) moderated: Option<bool>,
    pub(super) hidden: bool,
    pub(super) expires: Option<Box<str>>,
    pub(super) hugging_face_id: Option<Box<str>>,
    pub(super) strategy: Strategy,
    pub(super) content_policy: Option<ContentPolicy>,
    pub(super) deadlines: ModelDeadlines,
    pub(super) hedge: bool,
    pub(super) family: Option<Box<str>>,
    pub(super) recovers: Option<bool>,
    pub(super) bounds: PartBounds,
    pub(super) endpoints: Vec<EndpointSpec>,
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
            moderated: None,
            hidden: false,
            expires: None,
            hugging_face_id: None,
            strategy: Strategy::default(),
            content_policy: None,
            deadlines: ModelDeadlines::default(),
            hedge: false,
            family: None,
            recovers: None,
            bounds: PartBounds::NONE,
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

    /// What parts of a prompt take at the most that are no text; by default what is [known](PartBounds::known) of the model.
    #[must_use]
    pub fn with_bounds(mut self, bounds: PartBounds) -> Self {
        self.bounds = bounds;
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

    /// Does its author have prompts looked at before they are answered? By default what a source says, else no.
    #[must_use]
    pub fn moderated(mut self, moderated: bool) -> Self {
        self.moderated = Some(moderated);
        self
    }

    /// Who knows its name is answered, but it is neither listed, nor the newest of its family, nor chosen by a router.
    #[must_use]
    pub fn hidden(mut self) -> Self {
        self.hidden = true;
        self
    }

    /// Is an answer of it [mended](crate::dispatch::recover) that breaks? By default the request says it, or the layer.
    #[must_use]
    pub fn with_recovery(mut self, recovers: bool) -> Self {
        self.recovers = Some(recovers);
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

    /// What happens when a provider refuses the content of a request; by default what the stack's
    /// [`Dispositions`](crate::Dispositions) say.
    #[must_use]
    pub fn with_content_policy(mut self, policy: ContentPolicy) -> Self {
        self.content_policy = Some(policy);
        self
    }

    /// How long it may take.
    #[must_use]
    pub fn with_deadlines(mut self, deadlines: ModelDeadlines) -> Self {
        self.deadlines = deadlines;
        self
    }

    /// When its first endpoint is late, a second one is asked as well: see [`hedge`](crate::dispatch::hedge).
    #[must_use]
    pub fn hedged(mut self) -> Self {
        self.hedge = true;
        self
    }

    /// The family of which it may be the newest, such as `claude-sonnet`; by default what its id tells.
    #[must_use]
    pub fn with_family(mut self, family: &str) -> Self {
        self.family = Some(family.into());
        self
    }

    /// One more endpoint that serves it.
    #[must_use]
    pub fn endpoint(mut self, endpoint: EndpointSpec) -> Self {
        self.endpoints.push(endpoint);
        self
    }
}
