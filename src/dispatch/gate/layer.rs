use std::sync::Arc;

use tower_layer::Layer;

use super::service::Gate;
use crate::standing::Breaker;

/// Leaves whoever fails alone for a while. See the [module docs](super).
#[derive(Clone, Debug, Default)]
pub struct GateLayer {
    breaker: Arc<Breaker>,
}

// === impl GateLayer ===

impl GateLayer {
    /// With these numbers.
    pub fn new(breaker: Breaker) -> Self {
        Self {
            breaker: Arc::new(breaker),
        }
    }

    /// Makes the jitter repeatable.
    #[must_use]
    pub fn seed(self, seed: u64) -> Self {
        Self::new(Breaker {
            seed,
            ..*self.breaker
        })
    }
}

impl<S> Layer<S> for GateLayer {
    type Service = Gate<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Gate::new(inner, self.breaker.clone(), crate::clock::now())
    }
}
