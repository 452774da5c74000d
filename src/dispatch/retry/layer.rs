use std::time::Duration;

use tower_layer::Layer;

use super::backoff::Backoff;
use super::budget::Budgets;
use super::service::Retry;
use crate::dispositions::Dispositions;

/// Asks the same candidate again. See the [module docs](super).
#[derive(Clone, Debug)]
pub struct RetryLayer {
    pub(super) retries: u32,
    pub(super) backoff: Backoff,
    pub(super) budgets: Budgets,
    pub(super) seed: u64,
    pub(super) fast: Duration,
    pub(super) dispositions: Dispositions,
}

/// As long as the longest [`Backoff`]: what takes longer is no hiccup that a short wait mends. (APISIX has a limit like
/// this one, `retry_on_failure_within_ms`.)
const FAST: Duration = Duration::from_secs(5);

// === impl RetryLayer ===

impl RetryLayer {
    /// Two retries of a candidate at the most, with the default [`Backoff`].
    pub fn new() -> Self {
        let seed = fastrand::u64(..);
        Self {
            retries: 2,
            backoff: Backoff::default(),
            budgets: Budgets::default(),
            seed,
            fast: FAST,
            dispositions: Dispositions::default(),
        }
    }

    /// Sets how often one candidate is asked again at the most; 0 means never.
    #[must_use]
    pub fn retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// Sets within which time a candidate has to fail to be asked again: who took longer is asked no second time, since the
    /// caller would wait as long once more. Default 5 s; zero means never.
    #[must_use]
    pub fn fast(mut self, within: Duration) -> Self {
        self.fast = within;
        self
    }

    /// Changes what may be asked again after which failure.
    #[must_use]
    pub fn dispositions(mut self, dispositions: Dispositions) -> Self {
        self.dispositions = dispositions;
        self
    }

    /// Sets how long to wait.
    #[must_use]
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// Shares the retry budgets of another layer.
    #[must_use]
    pub fn budgets(mut self, budgets: Budgets) -> Self {
        self.budgets = budgets;
        self
    }

    /// Makes the jitter repeatable.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }
}

impl Default for RetryLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<S: Clone> Layer<S> for RetryLayer {
    type Service = Retry<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Retry::new(inner, self.clone())
    }
}
