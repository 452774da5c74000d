//! Where the standings live.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Instant;

use super::endpoint::Standing;
use crate::catalog::{Catalog, Endpoint};

/// The standing of every endpoint, by its key. Shared by all clones; it outlives a catalogue, so
/// that an endpoint which stays in the next one keeps what was learned of it.
///
/// ```
/// use std::{sync::Arc, time::Instant};
/// use switchtower::{catalog::Catalog, choose::ChooseLayer, standing::Registry};
///
/// # fn main() -> Result<(), switchtower::BoxError> {
/// let catalog = Arc::new(Catalog::from_toml(r#"
///     providers.acme.base_url = "https://api.acme.example/v1"
///     [[models.swift.endpoints]]
///     provider = "acme"
///     model = "swift-2"
/// "#, "switchtower.toml", |_| None)?);
///
/// // The layer makes it follow the catalogue; from outside one sees what its requests have taught.
/// let standings = Registry::default();
/// let layer = ChooseLayer::new(catalog.clone()).standings(standings.clone());
/// # let _ = layer;
/// let (acme, now) = (&catalog.models()[0].endpoints()[0], Instant::now());
/// standings.of(acme, now).failed(now);
/// assert!(!standings.of(acme, now).is_steady(now));
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Registry(Arc<RwLock<HashMap<Box<str>, Arc<Standing>>>>);

// === impl Registry ===

impl Registry {
    /// Knows every endpoint of this catalogue from now on, and none that it does not list: the map
    /// is as large as the catalogue.
    pub fn follow(&self, catalog: &Catalog, now: Instant) {
        let mut map = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let mut next = HashMap::new();
        for endpoint in catalog.models().iter().flat_map(|model| model.endpoints()) {
            let known = map.remove(endpoint.key());
            let standing = known.unwrap_or_else(|| Arc::new(Standing::new(now)));
            next.insert(endpoint.key().into(), standing);
        }
        *map = next;
    }

    /// What has been learned of this endpoint; a blank record if the registry does not follow it.
    pub fn of(&self, endpoint: &Endpoint, now: Instant) -> Arc<Standing> {
        let map = self.0.read().unwrap_or_else(PoisonError::into_inner);
        match map.get(endpoint.key()) {
            Some(standing) => standing.clone(),
            None => Arc::new(Standing::new(now)),
        }
    }
}
