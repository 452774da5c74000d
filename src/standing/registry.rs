//! Where the standings live.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Instant;

use super::endpoint::Standing;
use crate::catalog::{Catalog, Endpoint};

/// The standing of every endpoint, by its key. Shared by all clones; it outlives a catalogue, so
/// that an endpoint which stays in the next one keeps what was learned of it.
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
