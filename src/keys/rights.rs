//! What the bearer of a key may do.

use std::sync::Arc;

use crate::catalog::{Endpoint, Model, Pattern};

/// What may the bearer of a key do? By default, ask every model of every provider.
///
/// ```
/// use switchtower::catalog::{Catalog, EndpointSpec, ModelSpec, Provider};
/// use switchtower::keys::Rights;
///
/// let catalog = Catalog::builder()
///     .provider(Provider::new("acme", "https://api.acme.test".parse()?))
///     .model(ModelSpec::new("meta/llama").endpoint(EndpointSpec::new("acme", "llama-v3")))
///     .build()?;
/// let model = catalog.find("meta/llama").unwrap();
///
/// let rights = Rights::default().models(["meta/*"]).providers(["beta"]);
/// assert!(rights.allow_model(model));
/// assert!(!rights.allow_provider(&model.endpoints()[0]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rights {
    class: Class,
    models: Option<Arc<[Pattern]>>,
    providers: Option<Arc<[Box<str>]>>,
    creator: Option<Arc<str>>,
    include_byok: bool,
}

/// What is a key for?
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Class {
    /// To ask models.
    #[default]
    Inference,
    /// To make, change and delete keys. It asks no model.
    Management,
}

// === impl Rights ===

impl Rights {
    /// Of this class.
    #[must_use]
    pub fn class(mut self, class: Class) -> Self {
        self.class = class;
        self
    }

    /// Only models of which one of these is the id, an alias or the canonical slug; a `*` stands for any letters.
    #[must_use]
    pub fn models<S: AsRef<str>>(mut self, models: impl IntoIterator<Item = S>) -> Self {
        let models = models.into_iter();
        self.models = Some(models.map(|it| Pattern::new(it.as_ref())).collect());
        self
    }

    /// Only endpoints of these providers, by slug or display name.
    #[must_use]
    pub fn providers<S: AsRef<str>>(mut self, providers: impl IntoIterator<Item = S>) -> Self {
        let providers = providers.into_iter();
        self.providers = Some(providers.map(|it| it.as_ref().into()).collect());
        self
    }

    /// Its key was made by this one.
    #[must_use]
    pub fn creator(mut self, creator: Option<&str>) -> Self {
        self.creator = creator.map(Arc::from);
        self
    }

    /// Do its limits count what is spent with own keys of providers? By default they do not.
    #[must_use]
    pub fn include_byok(mut self, include: bool) -> Self {
        self.include_byok = include;
        self
    }

    /// Who has made its key.
    #[must_use]
    pub fn made_by(&self) -> Option<&str> {
        self.creator.as_deref()
    }

    /// Do its limits count what is spent with own keys of providers?
    #[must_use]
    pub fn includes_byok(&self) -> bool {
        self.include_byok
    }

    /// May it manage keys, and do nothing else?
    #[must_use]
    pub fn manage(&self) -> bool {
        self.class == Class::Management
    }

    /// May it ask this model?
    #[must_use]
    pub fn allow_model(&self, model: &Model) -> bool {
        let Some(allowed) = &self.models else {
            return true;
        };
        let matches = |name: &str| allowed.iter().any(|pattern| pattern.matches(name));
        matches(model.id()) || matches(model.canonical_slug()) || model.aliases().any(matches)
    }

    /// May it ask this endpoint, as far as it goes by providers?
    #[must_use]
    pub fn allow_provider(&self, endpoint: &Endpoint) -> bool {
        let Some(allowed) = &self.providers else {
            return true;
        };
        let provider = endpoint.provider();
        let is = |name: &str| name == provider.slug() || name.eq_ignore_ascii_case(provider.name());
        allowed.iter().any(|name| is(name))
    }
}
