use tower_layer::Layer;

use super::service::Recover;
use crate::dispatch::retry::Budgets;
use crate::dispositions::Dispositions;

/// Mends answers that break after their first words. See the [module docs](super).
///
/// ```
/// use switchtower::dispatch::recover::RecoverLayer;
///
/// // For all, and not only for those that ask for it.
/// let layer = RecoverLayer::new().on(true).times(1).text_limit(64 << 10);
/// # let _ = layer;
/// ```
#[derive(Clone, Debug)]
pub struct RecoverLayer {
    pub(super) on: Option<bool>,
    pub(super) times: u32,
    pub(super) text_limit: usize,
    pub(crate) budgets: Budgets,
    pub(crate) dispositions: Dispositions,
}

/// How often one answer is mended: who breaks off twice will do so again.
const TIMES: u32 = 2;

/// How much of an answer is kept: far more than the longest that models write.
const TEXT_LIMIT: usize = 1 << 20;

// === impl RecoverLayer ===

impl RecoverLayer {
    /// Mends the answers of those requests and endpoints that ask for it, twice at the most.
    pub fn new() -> Self {
        Self {
            on: None,
            times: TIMES,
            text_limit: TEXT_LIMIT,
            budgets: Budgets::default(),
            dispositions: Dispositions::default(),
        }
    }

    /// Is an answer mended where neither its request nor its endpoint says anything? By default it is not.
    #[must_use]
    pub fn on(mut self, on: bool) -> Self {
        self.on = Some(on);
        self
    }

    /// Likewise, unless somebody has decided already.
    #[cfg(feature = "gateway")]
    pub(crate) fn on_by_default(mut self) -> Self {
        self.on.get_or_insert(true);
        self
    }

    /// Sets how often one answer is mended at the most. Default 2.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = times;
        self
    }

    /// Sets how many bytes of an answer's text are kept while it comes; a longer one is not mended. Default 1 MiB.
    #[must_use]
    pub fn text_limit(mut self, bytes: usize) -> Self {
        self.text_limit = bytes;
        self
    }

    /// Changes after which failure others may be asked for the rest, and who may be asked again.
    #[must_use]
    pub fn dispositions(mut self, dispositions: Dispositions) -> Self {
        self.dispositions = dispositions;
        self
    }

    /// Shares the retry budgets of a [`RetryLayer`](crate::dispatch::retry::RetryLayer): whoever is asked for the
    /// rest of an answer is asked in addition to what its own requests ask of it.
    #[must_use]
    pub fn budgets(mut self, budgets: Budgets) -> Self {
        self.budgets = budgets;
        self
    }
}

impl Default for RecoverLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<S: Clone> Layer<S> for RecoverLayer {
    type Service = Recover<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Recover::new(inner, self.clone())
    }
}
