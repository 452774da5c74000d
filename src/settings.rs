//! What may be set of the whole chain, a layer's own setter behind each.

use std::sync::Arc;

use crate::admit::quota::QuotaLayer;
use crate::catalog::HoldPolicy;
use crate::choose::ChooseLayer;
use crate::count_tokens::CountTokens;
use crate::dispatch::deadline::{DeadlineLayer, Deadlines};
use crate::dispatch::gate::GateLayer;
use crate::dispatch::hedge::HedgeLayer;
use crate::dispatch::recover::RecoverLayer;
use crate::dispatch::retry::{Allowance, Budgets};
use crate::dispositions::Dispositions;
use crate::limits::Limits;
use crate::money::Ratio;
use crate::stack::Stack;
use crate::standing::Breaker;
use crate::wishes::Allowed;

// === impl Stack ===

impl<L> Stack<L> {
    /// Chooses by this layer instead: from its roster, and with what it remembers of conversations.
    #[must_use]
    pub fn choose(mut self, layer: ChooseLayer) -> Self {
        self.choose = layer;
        self
    }

    /// Sets the deadlines.
    #[must_use]
    pub fn deadlines(mut self, deadlines: Deadlines) -> Self {
        self.deadline = DeadlineLayer::new(deadlines);
        let allowed = deadlines.allow(self.read.allowed);
        self.read = self.read.total(deadlines.total).wishes(allowed);
        self
    }

    /// Sets how far the [`Wishes`](crate::Wishes) of a request may go: by default as [`Allowed`] says, and never less far
    /// than the [`deadlines`](Self::deadlines) that are set after it.
    #[must_use]
    pub fn wishes(mut self, allowed: Allowed) -> Self {
        self.read = self.read.wishes(allowed);
        self
    }

    /// Counts requests and tokens by this layer instead. Limits of money and concurrency are the ledger's: give it the same.
    #[must_use]
    pub fn quota(mut self, layer: QuotaLayer) -> Self {
        self.quota = layer;
        self
    }

    /// Sets the size limit of a request body, in bytes.
    #[must_use]
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.read = self.read.limit(bytes);
        self
    }

    /// Sets the attempt budget of a request, over all candidates.
    #[must_use]
    pub fn tries(mut self, tries: u32) -> Self {
        self.fallback = self.fallback.tries(tries);
        self
    }

    /// Sets by how much retries and hedges may add to the load of a provider.
    #[must_use]
    pub fn allowance(mut self, allowance: Allowance) -> Self {
        let budgets = Budgets::new(allowance);
        self.retry = self.retry.budgets(budgets.clone());
        self.hedge = self.hedge.budgets(budgets.clone());
        self.recover = self.recover.budgets(budgets.clone());
        self.fallback = self.fallback.budgets(budgets);
        self
    }

    /// Changes who may be asked, and who may be asked again, after which failure.
    #[must_use]
    pub fn dispositions(mut self, dispositions: Dispositions) -> Self {
        self.retry = self.retry.dispositions(dispositions.clone());
        self.recover = self.recover.dispositions(dispositions.clone());
        self.fallback = self.fallback.dispositions(dispositions);
        self
    }

    /// Hedges by this layer instead, within the retry budgets of the chain.
    #[must_use]
    pub fn hedge(mut self, layer: HedgeLayer) -> Self {
        let HedgeLayer { budgets, .. } = self.hedge;
        self.hedge = layer.budgets(budgets);
        self
    }

    /// Mends answers that break by this layer instead, within the retry budgets and dispositions of the chain. By default only what the
    /// request or the catalogue says is mended; in a gateway all that can be.
    #[must_use]
    pub fn recover(mut self, layer: RecoverLayer) -> Self {
        let RecoverLayer {
            budgets,
            dispositions,
            ..
        } = self.recover;
        self.recover = layer.budgets(budgets).dispositions(dispositions);
        self
    }

    /// Sets when an endpoint is left alone, and for how long.
    #[must_use]
    pub fn breaker(mut self, breaker: Breaker) -> Self {
        self.gate = GateLayer::new(breaker);
        self
    }

    /// Lets the usage event of a stream through to every caller.
    #[must_use]
    pub fn always_usage(mut self) -> Self {
        self.meter = self.meter.always_usage();
        self
    }

    /// Fails an answer that is no stream where one was asked for, or a stream where none was.
    #[must_use]
    pub fn same_form(mut self) -> Self {
        self.meter = self.meter.same_form();
        self
    }

    /// Sets what a hold claims of a spending limit, where the catalogue does not say it: by default the most that the request can
    /// cost. See [`claim`](crate::settle::claim).
    #[must_use]
    pub fn hold(mut self, policy: HoldPolicy) -> Self {
        self.settle = self.settle.hold(policy);
        self
    }

    /// Expects the tokens of prompts by this one, in quotas and in estimates of what a request may cost: see [`CountTokens`].
    #[must_use]
    pub fn count_tokens(mut self, counter: Arc<dyn CountTokens>) -> Self {
        self.quota = self.quota.count_tokens(counter.clone());
        self.settle = self.settle.count_tokens(counter);
        self
    }

    /// Sets what the operator asks beside each charge: see [`SettleLayer::fee`](crate::settle::SettleLayer::fee).
    #[must_use]
    pub fn fee(mut self, fee: Ratio) -> Self {
        self.settle = self.settle.fee(fee);
        self
    }

    /// Makes every draw and every backoff repeatable.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.choose = self.choose.seed(seed);
        self.retry = self.retry.seed(seed);
        self.gate = self.gate.seed(seed);
        self
    }
}

impl Stack {
    /// Sets what callers may spend, ask and hold: requests and tokens before a plan is made, money and concurrency before anybody
    /// is asked. By default those of the catalogue.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        let ledger = self.settle.ledger().clone().limits(limits.clone());
        self.settle = self.settle.with_ledger(ledger);
        self.quota = self.quota.with_limits(limits);
        self
    }
}
