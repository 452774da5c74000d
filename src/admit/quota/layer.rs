use std::sync::Arc;

use tower_layer::Layer;

use super::service::Quota;
use crate::count_tokens::CountTokens;
use crate::limits::Limits;
use crate::standing::Roster;

/// Refuses requests for which these limits leave no room. See the [module docs](super).
#[derive(Clone, Debug, Default)]
pub struct QuotaLayer {
    pub(super) limits: Limits,
    pub(super) roster: Option<Roster>,
    pub(super) counter: Option<Arc<dyn CountTokens>>,
}

// === impl QuotaLayer ===

impl QuotaLayer {
    /// By these limits, of requests and tokens.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            roster: None,
            counter: None,
        }
    }

    /// Knows models by their ids, whatever callers call them, if they are of this roster.
    #[must_use]
    pub fn roster(mut self, roster: Roster) -> Self {
        self.roster = Some(roster);
        self
    }

    /// Expects tokens of prompts by this one. See [`CountTokens`].
    #[must_use]
    pub fn count_tokens(mut self, counter: Arc<dyn CountTokens>) -> Self {
        self.counter = Some(counter);
        self
    }

    /// By these limits instead.
    pub(crate) fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Its limits.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }
}

impl<S> Layer<S> for QuotaLayer {
    type Service = Quota<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Quota::new(inner, self.clone())
    }
}
