//! Which models are one family, and which of them is the newest?

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Catalog, Model};

// === impl Catalog ===

impl Catalog {
    /// The newest model of a family, by OpenRouter's name for it: `~author/family-latest`.
    ///
    /// The family is the model's [`family`](Model::family). The newest is the one with the latest
    /// [`created`](Model::created), before which comes every model that does not say; of several, the one whose id
    /// comes last in the alphabet. A hidden model is never the newest. All this is found out when the catalogue is
    /// built.
    ///
    /// ```
    /// use switchtower::catalog::{Catalog, EndpointSpec, ModelSpec, Provider};
    ///
    /// let model = |id| ModelSpec::new(id).endpoint(EndpointSpec::new("acme", id));
    /// let catalog = Catalog::builder()
    ///     .provider(Provider::new("acme", "https://api.acme.example/v1".parse()?))
    ///     .model(model("acme/swift-2").with_created(1_750_000_000))
    ///     .model(model("acme/swift-1.5").with_created(1_720_000_000))
    ///     .build()?;
    /// assert_eq!(catalog.latest("~acme/swift-latest").unwrap().id(), "acme/swift-2");
    /// assert!(catalog.latest("acme/swift").is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn latest(&self, name: &str) -> Option<&Arc<Model>> {
        let place = self.latest.get(name)?;
        Some(&self.families[*place].1)
    }

    /// Every family by its name, such as `~author/family-latest`, and the newest model of it; in the order of the
    /// names.
    pub fn families(&self) -> impl ExactSizeIterator<Item = (&str, &Arc<Model>)> {
        self.families.iter().map(|(name, model)| (&**name, model))
    }

    /// Once all models are there.
    pub(super) fn find_families(&mut self) {
        let mut newest = BTreeMap::<String, &Arc<Model>>::new();
        for model in self.models.iter().filter(|model| !model.is_hidden()) {
            let Some((author, family)) = author(model.id()).zip(model.family()) else {
                continue;
            };
            newest
                .entry(format!("~{author}/{family}-latest"))
                .and_modify(|known| {
                    if (model.created(), model.id()) > (known.created(), known.id()) {
                        *known = model;
                    }
                })
                .or_insert(model);
        }
        let newest = newest.into_iter();
        self.families = newest
            .map(|(name, model)| (name.into(), model.clone()))
            .collect();
        let names = self.families.iter().enumerate();
        self.latest = names
            .map(|(place, (name, _))| (name.clone(), place))
            .collect();
    }
}

fn author(id: &str) -> Option<&str> {
    id.split_once('/').map(|(author, _)| author)
}

/// The family that an id tells of: what follows the author, without the parts that are versions, sizes or dates,
/// since they begin with a digit, or with a `v` and a digit. A variant such as `:free` has none.
pub(super) fn of_id(id: &str) -> Option<String> {
    let (_, slug) = id.split_once('/')?;
    if slug.contains(':') {
        return None;
    }
    let is_version = |part: &str| {
        let number = part.strip_prefix('v').unwrap_or(part);
        number.starts_with(|c: char| c.is_ascii_digit())
    };
    let parts = slug.split('-').filter(|part| !is_version(part));
    let family = parts.collect::<Vec<_>>().join("-");
    (!family.is_empty()).then_some(family)
}
