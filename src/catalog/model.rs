//! What a caller asks for.

use std::sync::Arc;

use super::Endpoint;

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

    /// Who serves it, in the order of the file. There is at least one.
    #[must_use]
    pub fn endpoints(&self) -> &[Arc<Endpoint>] {
        &self.endpoints
    }
}
