use std::sync::Arc;

use tower_layer::Layer;

use super::claim::HoldPolicy;
use super::service::Settle;
use crate::count_tokens::CountTokens;
use crate::money::Ratio;

/// Settles every request exactly once. See the [module docs](super).
#[derive(Clone, Debug)]
pub struct SettleLayer<L> {
    ledger: L,
    policy: HoldPolicy,
    fee: Ratio,
    counter: Option<Arc<dyn CountTokens>>,
}

// === impl SettleLayer ===

impl<L> SettleLayer<L> {
    /// Writes records into this ledger.
    pub fn new(ledger: L) -> Self {
        Self {
            ledger,
            policy: HoldPolicy::default(),
            fee: Ratio::ZERO,
            counter: None,
        }
    }

    /// Writes records into this ledger instead.
    #[must_use]
    pub fn with_ledger<M>(self, ledger: M) -> SettleLayer<M> {
        SettleLayer {
            ledger,
            policy: self.policy,
            fee: self.fee,
            counter: self.counter,
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

    /// What the operator asks beside each charge, and which is told apart: nothing, unless it is said here. Who brings a
    /// provider's key of its own pays another fee.
    ///
    /// ```
    /// use switchtower::settle::{MemoryLedger, SettleLayer};
    ///
    /// let layer = SettleLayer::new(MemoryLedger::default()).fee("0.05".parse()?);
    /// # Ok::<_, switchtower::ParsePriceError>(())
    /// ```
    #[must_use]
    pub fn fee(mut self, fee: Ratio) -> Self {
        self.fee = fee;
        self
    }

    /// Estimates prompts by this one. See [`CountTokens`].
    #[must_use]
    pub fn count_tokens(mut self, counter: Arc<dyn CountTokens>) -> Self {
        self.counter = Some(counter);
        self
    }
}

impl<S, L: Clone + super::Ledger> Layer<S> for SettleLayer<L> {
    type Service = Settle<S, L>;

    fn layer(&self, inner: S) -> Self::Service {
        let counter = self.counter.clone();
        Settle::new(inner, self.ledger.clone(), (self.policy, self.fee), counter)
    }
}
