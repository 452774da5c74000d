use tower_layer::Layer;

use super::service::Quota;
use crate::limits::Limits;
use crate::standing::Roster;

/// Refuses requests for which these limits leave no room. See the [module docs](super).
#[derive(Clone, Debug, Default)]
pub struct QuotaLayer {
    limits: Limits,
    roster: Option<Roster>,
}

// === impl QuotaLayer ===

impl QuotaLayer {
    /// By these limits, of requests and tokens.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            roster: None,
        }
    }

    /// Knows models by their ids, whatever callers call them, if they are of this roster.
    #[must_use]
    pub fn roster(mut self, roster: Roster) -> Self {
        self.roster = Some(roster);
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
        Quota::new(inner, self.limits.clone(), self.roster.clone())
    }
}
