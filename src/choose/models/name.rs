//! What does one name mean?

use std::sync::Arc;

use super::variant::Effects;
use crate::catalog::{AUTO, Catalog, FREE, Model, plain};
use crate::plan::Routing;

/// What a name means, and what it asks for beyond that.
pub(super) struct Name<'a> {
    pub(super) meaning: Meaning<'a>,
    pub(super) routing: Routing,
    pub(super) effects: Effects,
}

/// Which models does a name mean?
pub(super) enum Meaning<'a> {
    One(&'a Arc<Model>),
    /// Those that the operator's rule names.
    Auto,
    /// Any that costs nothing.
    Free,
}

/// Twice what a catalogue takes for a name, so that there is room for suffixes: it goes into each record of the request.
const LONGEST: usize = 512;

// === impl Name ===

impl<'a> Name<'a> {
    /// The catalogue's own names come first, whatever they look like; then suffixes are taken off.
    pub(super) fn find(name: &str, catalog: &'a Catalog) -> Option<Self> {
        if name.len() > LONGEST {
            return None;
        }
        let effects = Effects::default();
        if let Some((meaning, routing)) = meaning(name, catalog) {
            return Some(Self {
                meaning,
                routing,
                effects,
            });
        }
        name.contains(':').then_some(())?;
        let entry = plain(name);
        let (meaning, routing) = meaning(&entry, catalog).or_else(|| {
            let model = catalog.variant_of_alias(&entry)?;
            Some((Meaning::One(model), Routing::Alias))
        })?;
        Some(Self {
            meaning,
            routing,
            effects: Effects::of(name),
        })
    }
}

/// The one model that a request of this name is for.
#[cfg(feature = "gateway")]
pub(crate) fn model<'a>(name: &str, catalog: &'a Catalog) -> Option<&'a Arc<Model>> {
    match Name::find(name, catalog)?.meaning {
        Meaning::One(model) => Some(model),
        Meaning::Auto | Meaning::Free => None,
    }
}

fn meaning<'a>(name: &str, catalog: &'a Catalog) -> Option<(Meaning<'a>, Routing)> {
    if let Some(model) = catalog.find(name) {
        let routing = match model.id() == name {
            true => Routing::Direct,
            false => Routing::Alias,
        };
        return Some((Meaning::One(model), routing));
    }
    match name {
        AUTO => Some((Meaning::Auto, Routing::Auto)),
        FREE => Some((Meaning::Free, Routing::Free)),
        _ => Some((Meaning::One(catalog.latest(name)?), Routing::Latest)),
    }
}
