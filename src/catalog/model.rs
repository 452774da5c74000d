//! What a caller asks for.

use std::sync::Arc;

use super::{ContentPolicy, Endpoint, ModelDeadlines, Strategy};
use crate::wire::Modalities;

/// A model, and who serves it.
///
/// Made by [`CatalogBuilder::build`](super::CatalogBuilder::build), shared by `Arc`, never changed. See
/// [`Endpoint`] for an example.
#[derive(Debug)]
pub struct Model {
    pub(super) id: Box<str>,
    pub(super) name: Box<str>,
    pub(super) aliases: Box<[Box<str>]>,
    pub(super) created: Option<u64>,
    pub(super) description: Option<Box<str>>,
    pub(super) context_length: Option<u64>,
    pub(super) canonical_slug: Box<str>,
    pub(super) input: Option<Modalities>,
    pub(super) output: Option<Modalities>,
    pub(super) distillable: bool,
    pub(super) moderated: bool,
    pub(super) hidden: bool,
    pub(super) expires: Option<Box<str>>,
    pub(super) hugging_face_id: Option<Box<str>>,
    pub(super) strategy: Strategy,
    pub(super) content_policy: Option<ContentPolicy>,
    pub(super) deadlines: ModelDeadlines,
    pub(super) hedge: bool,
    pub(super) family: Option<Box<str>>,
    pub(super) endpoints: Box<[Arc<Endpoint>]>,
}

// === impl Model ===

impl Model {
    /// The name that requests give it, such as `openai/gpt-4o-mini`.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The name for people; by default the id.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The other names that requests may give it.
    pub fn aliases(&self) -> impl Iterator<Item = &str> {
        self.aliases.iter().map(AsRef::as_ref)
    }

    /// When it appeared, in seconds since 1970 UTC.
    #[must_use]
    pub fn created(&self) -> Option<u64> {
        self.created
    }

    /// What it is good for.
    #[must_use]
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// Tokens of prompt and completion together.
    #[must_use]
    pub fn context_length(&self) -> Option<u64> {
        self.context_length
    }

    /// The permanent name; the id, unless the catalogue gives another.
    #[must_use]
    pub fn canonical_slug(&self) -> &str {
        &self.canonical_slug
    }

    /// What it reads; none if the catalogue does not say.
    #[must_use]
    pub fn input(&self) -> Option<Modalities> {
        self.input
    }

    /// What it writes; none if the catalogue does not say.
    #[must_use]
    pub fn output(&self) -> Option<Modalities> {
        self.output
    }

    /// Does its author allow to distill from its text? No, unless the catalogue says so.
    #[must_use]
    pub fn is_distillable(&self) -> bool {
        self.distillable
    }

    /// Does its author have prompts looked at before they are answered?
    #[must_use]
    pub fn is_moderated(&self) -> bool {
        self.moderated
    }

    /// Is it neither listed, nor the newest of its family, nor chosen by a router? Who knows its name is answered.
    #[must_use]
    pub fn is_hidden(&self) -> bool {
        self.hidden
    }

    /// The day after which it is gone, as `2026-12-31`.
    #[must_use]
    pub fn expiration_date(&self) -> Option<&str> {
        self.expires.as_deref()
    }

    /// Its name at Hugging Face.
    #[must_use]
    pub fn hugging_face_id(&self) -> Option<&str> {
        self.hugging_face_id.as_deref()
    }

    /// How its endpoints are ranked where a caller has no wish.
    #[must_use]
    pub fn strategy(&self) -> Strategy {
        self.strategy
    }

    /// What happens when a provider refuses the content of a request; none if that is the stack's to say.
    #[must_use]
    pub fn content_policy(&self) -> Option<ContentPolicy> {
        self.content_policy
    }

    /// How long it may take, where that is its own.
    #[must_use]
    pub fn deadlines(&self) -> &ModelDeadlines {
        &self.deadlines
    }

    /// Is a second endpoint asked when the first one is late? See [`hedge`](crate::dispatch::hedge).
    #[must_use]
    pub fn is_hedged(&self) -> bool {
        self.hedge
    }

    /// The family of which it may be the [newest](super::Catalog::latest), without its author, such as
    /// `claude-sonnet`.
    ///
    /// Unless the catalogue gives one, it is what the id tells: what follows the author, without the parts between
    /// hyphens that begin with a digit, or with a `v` and a digit. So `anthropic/claude-sonnet-5.5` is of the family
    /// `claude-sonnet`, and `openai/gpt-4o-mini` of `gpt-mini`. A variant such as `:free` is of none.
    #[must_use]
    pub fn family(&self) -> Option<&str> {
        self.family.as_deref()
    }

    /// Who serves it, in the order of the file. There is at least one.
    #[must_use]
    pub fn endpoints(&self) -> &[Arc<Endpoint>] {
        &self.endpoints
    }
}
