use std::sync::Arc;

use tower_layer::Layer;

use super::service::Choose;
use crate::catalog::Catalog;
use crate::clock::now;
use crate::standing::Registry;

/// Makes a plan for every request. See the [module docs](super).
#[derive(Clone, Debug)]
pub struct ChooseLayer {
    catalog: Arc<Catalog>,
    standings: Registry,
    seed: u64,
}

// === impl ChooseLayer ===

impl ChooseLayer {
    /// Chooses from this catalogue, with a random seed.
    pub fn new(catalog: Arc<Catalog>) -> Self {
        let seed = fastrand::u64(..);
        Self {
            catalog,
            standings: Registry::default(),
            seed,
        }
        .following()
    }

    /// Learns from, and into, these standings.
    #[must_use]
    pub fn standings(mut self, standings: Registry) -> Self {
        self.standings = standings;
        self.following()
    }

    /// Makes every draw repeatable.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    fn following(self) -> Self {
        self.standings.follow(&self.catalog, now());
        self
    }
}

impl<S> Layer<S> for ChooseLayer {
    type Service = Choose<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Choose::new(
            inner,
            self.catalog.clone(),
            self.standings.clone(),
            self.seed,
        )
    }
}
