//! The catalogue as a whole.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::SystemTime;

use super::{
    AutoRule, CatalogBuilder, Dropped, Endpoint, HoldPolicy, Model, Provider, Report, nearest,
};
use crate::limits::Rule;

/// All models and providers at one moment.
///
/// Cheap to clone only behind an [`Arc`], which is how it is shared. See the [module docs](super) for
/// the file it is read from.
///
/// ```
/// use switchtower::catalog::{Catalog, EndpointSpec, ModelSpec, Provider};
///
/// let catalog = Catalog::builder()
///     .provider(Provider::new("local", "http://127.0.0.1:8080/v1".parse()?))
///     .model(
///         ModelSpec::new("meta/llama")
///             .with_alias("llama")
///             .endpoint(EndpointSpec::new("local", "llama.gguf")),
///     )
///     .build()?;
///
/// assert_eq!(catalog.find("llama").unwrap().id(), "meta/llama");
/// assert_eq!(catalog.nearest("lama"), ["llama", "meta/llama"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Default)]
pub struct Catalog {
    pub(super) providers: Vec<Arc<Provider>>,
    pub(super) models: Vec<Arc<Model>>,
    /// Those that are not hidden and have an endpoint that is free.
    pub(super) free: Vec<Arc<Model>>,
    /// How many, of all models.
    pub(super) endpoints: usize,
    /// Ids, aliases and canonical slugs.
    pub(super) names: HashMap<Box<str>, Arc<Model>>,
    /// By their names, in order, each with its newest model.
    pub(super) families: Box<[(Box<str>, Arc<Model>)]>,
    /// The name of a family, and its place among them.
    pub(super) latest: HashMap<Box<str>, usize>,
    pub(super) auto: Option<AutoRule>,
    pub(super) limits: Box<[Rule]>,
    pub(super) hold: Option<HoldPolicy>,
    pub(super) dropped: Vec<Dropped>,
    pub(super) revision: Box<str>,
    pub(super) reports: Vec<Report>,
    /// When a price begins to hold that does not yet.
    pub(super) until: Option<SystemTime>,
}

// === impl Catalog ===

impl Catalog {
    /// A catalogue made by hand.
    #[must_use]
    pub fn builder() -> CatalogBuilder {
        CatalogBuilder::default()
    }

    /// The providers, in the order in which they were listed.
    #[must_use]
    pub fn providers(&self) -> &[Arc<Provider>] {
        &self.providers
    }

    /// The models, in the order in which they were listed.
    #[must_use]
    pub fn models(&self) -> &[Arc<Model>] {
        &self.models
    }

    /// The models that are not hidden and have an endpoint that [is free](Endpoint::is_free), in order: what
    /// `openrouter/free` picks from.
    #[must_use]
    pub fn free(&self) -> &[Arc<Model>] {
        &self.free
    }

    /// The endpoints of all models, in order: the one at place *n* has the [`index`](super::Endpoint::index) *n*.
    pub fn endpoints(&self) -> impl Iterator<Item = &Arc<Endpoint>> {
        self.models.iter().flat_map(|model| model.endpoints())
    }

    /// Is there nothing to be asked for?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.models.is_empty()
    }

    /// The model with this id, alias or canonical slug, letter for letter, however many there are: it is looked up by a hash that
    /// callers, who choose the name, cannot foresee.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Arc<Model>> {
        self.names.get(name)
    }

    /// What callers may spend, ask and hold. A chain goes by those of the catalogue that it was made with, also when another one is put
    /// in force.
    #[must_use]
    pub fn limits(&self) -> &[Rule] {
        &self.limits
    }

    /// What `openrouter/auto` may choose; none if the operator has not said.
    #[must_use]
    pub fn auto(&self) -> Option<&AutoRule> {
        self.auto.as_ref()
    }

    /// What a hold claims; none if that is the stack's to say.
    #[must_use]
    pub fn hold(&self) -> Option<HoldPolicy> {
        self.hold
    }

    /// At most three ids or aliases that someone who wrote `name` may have meant, likeliest first; none of a hidden model.
    ///
    /// ```
    /// # use switchtower::catalog::Catalog;
    /// assert!(Catalog::default().nearest("gpt").is_empty());
    /// ```
    #[must_use]
    pub fn nearest(&self, name: &str) -> Vec<&str> {
        let listed = self.models.iter().filter(|model| !model.is_hidden());
        let ids_and_aliases =
            listed.flat_map(|model| std::iter::once(model.id()).chain(model.aliases()));
        nearest::nearest(name, ids_and_aliases)
    }

    /// What was left out because its key is not in the environment.
    #[must_use]
    pub fn dropped(&self) -> &[Dropped] {
        &self.dropped
    }

    /// What became of the rows of each source, in the order of the layers.
    #[must_use]
    pub fn reports(&self) -> &[Report] {
        &self.reports
    }

    /// A short name for this content: twelve hex digits of the SHA-256 of the file, of its sources if it has any, and of
    /// the day on which another of their prices will hold.
    #[must_use]
    pub fn revision(&self) -> &str {
        &self.revision
    }
}
