use tower_layer::Layer;

use super::service::Quota;
use crate::limits::Limits;

/// Refuses requests for which these limits leave no room. See the [module docs](super).
#[derive(Clone, Debug, Default)]
pub struct QuotaLayer {
    limits: Limits,
}

// === impl QuotaLayer ===

impl QuotaLayer {
    /// By these limits, of requests and tokens.
    pub fn new(limits: Limits) -> Self {
        Self { limits }
    }

    /// Its limits.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }
}

impl<S> Layer<S> for QuotaLayer {
    type Service = Quota<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Quota::new(inner, self.limits.clone())
    }
}
