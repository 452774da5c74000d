use std::time::Duration;

use tower_layer::Layer;

use super::service::Fallback;
use crate::attempts::DEFAULT_TRIES;
use crate::dispatch::retry::Budgets;
use crate::dispositions::Dispositions;

/// Asks the next candidate when one fails. See the [module docs](super).
#[derive(Clone, Debug)]
pub struct FallbackLayer {
    pub(super) tries: u32,
    pub(super) budgets: Budgets,
    pub(super) wait: Duration,
    pub(super) dispositions: Dispositions,
}

/// How long to wait for an endpoint that `gate` has refused: no caller that sits before a screen waits for longer.
const WAIT: Duration = Duration::from_secs(60);

// === impl FallbackLayer ===

impl FallbackLayer {
    /// With six tries a request, over all candidates and retries.
    pub fn new() -> Self {
        Self {
            tries: DEFAULT_TRIES,
            budgets: Budgets::default(),
            wait: WAIT,
            dispositions: Dispositions::default(),
        }
    }

    /// Sets how long a request waits at the most, within its time, until an endpoint may be asked that
    /// [`gate`](crate::dispatch::gate) has refused, when nobody else is left. Default 60 s.
    #[must_use]
    pub fn wait(mut self, longest: Duration) -> Self {
        self.wait = longest;
        self
    }

    /// Changes who may be asked after which failure.
    #[must_use]
    pub fn dispositions(mut self, dispositions: Dispositions) -> Self {
        self.dispositions = dispositions;
        self
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

impl<S: Clone> Layer<S> for FallbackLayer {
    type Service = Fallback<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Fallback::new(inner, self.clone())
    }
}
