use tower_layer::Layer;

use super::claim::HoldPolicy;
use super::service::Settle;

/// Settles every request exactly once. See the [module docs](super).
#[derive(Clone, Debug)]
pub struct SettleLayer<L> {
    ledger: L,
    policy: HoldPolicy,
}

// === impl SettleLayer ===

impl<L> SettleLayer<L> {
    /// Writes records into this ledger.
    pub fn new(ledger: L) -> Self {
        Self {
            ledger,
            policy: HoldPolicy::default(),
        }
    }

    /// Writes records into this ledger instead.
    #[must_use]
    pub fn with_ledger<M>(self, ledger: M) -> SettleLayer<M> {
        SettleLayer {
            ledger,
            policy: self.policy,
        }
    }

    /// What it writes records into.
    pub fn ledger(&self) -> &L {
        &self.ledger
    }

    /// Claims by this policy where the catalogue names none; by default [`Strict`](HoldPolicy::Strict).
    #[must_use]
    pub fn hold(mut self, policy: HoldPolicy) -> Self {
        self.policy = policy;
        self
    }
}

impl<S, L: Clone + super::Ledger> Layer<S> for SettleLayer<L> {
    type Service = Settle<S, L>;

    fn layer(&self, inner: S) -> Self::Service {
        Settle::new(inner, self.ledger.clone(), self.policy)
    }
}
