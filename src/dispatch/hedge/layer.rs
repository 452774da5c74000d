use std::time::Duration;

use tower_layer::Layer;

use super::service::Hedge;
use crate::dispatch::retry::Budgets;

/// Asks a second endpoint when the first one is late. See the [module docs](super).
#[derive(Clone, Debug)]
pub struct HedgeLayer {
    pub(super) all: bool,
    pub(super) floor: Duration,
    pub(super) cap: Duration,
    pub(crate) budgets: Budgets,
}

// === impl HedgeLayer ===

impl HedgeLayer {
    /// Hedges those models of which the catalogue says so, between a quarter of a second and ten seconds after they were
    /// asked.
    pub fn new() -> Self {
        Self {
            all: false,
            floor: Duration::from_millis(250),
            cap: Duration::from_secs(10),
            budgets: Budgets::default(),
        }
    }

    /// Hedges all models.
    #[must_use]
    pub fn all(mut self) -> Self {
        self.all = true;
        self
    }

    /// Sets how long an endpoint is waited for at the least, however quick it usually is. Default 250 ms: sooner, a
    /// person would not notice.
    #[must_use]
    pub fn floor(mut self, least: Duration) -> Self {
        self.floor = least;
        self
    }

    /// Sets how long an endpoint is waited for at the most, however slow it usually is, and where that is not known.
    /// Default 10 s: half of what it has until [`fallback`](crate::dispatch::fallback) leaves it. More for models that
    /// reason.
    #[must_use]
    pub fn cap(mut self, most: Duration) -> Self {
        self.cap = most;
        self
    }

    /// Shares the retry budgets of a [`RetryLayer`](crate::dispatch::retry::RetryLayer): a hedge costs as much as a
    /// retry.
    #[must_use]
    pub fn budgets(mut self, budgets: Budgets) -> Self {
        self.budgets = budgets;
        self
    }
}

impl Default for HedgeLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<S: Clone> Layer<S> for HedgeLayer {
    type Service = Hedge<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Hedge::new(inner, self.clone())
    }
}
