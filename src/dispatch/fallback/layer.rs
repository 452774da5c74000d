use tower_layer::Layer;

use super::service::Fallback;
use crate::call::DEFAULT_TRIES;
use crate::dispatch::retry::Budgets;

/// Asks the next candidate when one fails. See the [module docs](super).
#[derive(Clone, Debug)]
pub struct FallbackLayer {
    tries: u32,
    budgets: Budgets,
}

// === impl FallbackLayer ===

impl FallbackLayer {
    /// With six tries a request, over all candidates and retries.
    pub fn new() -> Self {
        Self {
            tries: DEFAULT_TRIES,
            budgets: Budgets::default(),
        }
    }

    /// Sets the attempt budget of a request, which retries share. At least one.
    #[must_use]
    pub fn tries(mut self, tries: u32) -> Self {
        self.tries = tries.max(1);
        self
    }

    /// Shares the retry budgets of a [`RetryLayer`](crate::dispatch::retry::RetryLayer): asking a
    /// provider a second time costs the same, whoever asks.
    #[must_use]
    pub fn budgets(mut self, budgets: Budgets) -> Self {
        self.budgets = budgets;
        self
    }
}

impl Default for FallbackLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<S> Layer<S> for FallbackLayer {
    type Service = Fallback<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Fallback::new(inner, self.tries, self.budgets.clone())
    }
}
