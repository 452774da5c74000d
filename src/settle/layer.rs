use tower_layer::Layer;

use super::service::Settle;

/// Settles every request exactly once. See the [module docs](super).
#[derive(Clone, Debug)]
pub struct SettleLayer<L> {
    ledger: L,
}

// === impl SettleLayer ===

impl<L> SettleLayer<L> {
    /// Writes records into this ledger.
    pub fn new(ledger: L) -> Self {
        Self { ledger }
    }
}

impl<S, L: Clone + super::Ledger> Layer<S> for SettleLayer<L> {
    type Service = Settle<S, L>;

    fn layer(&self, inner: S) -> Self::Service {
        Settle::new(inner, self.ledger.clone())
    }
}
