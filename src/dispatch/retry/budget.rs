//! How many retries may a provider be burdened with?

use std::collections::BTreeMap;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, PoisonError};
use std::time::Instant;

use crate::sync::{AtomicU64, RwLock};

/// The retry budget of one provider: one atomic word, so that checking and taking are one step.
///
/// ```
/// use std::time::Instant;
/// use switchtower::dispatch::retry::Budget;
///
/// let start = Instant::now();
/// let budget = Budget::new(start);
/// let granted = (0..100).filter(|_| budget.withdraw(start)).count();
/// assert_eq!(granted, 10);
/// ```
#[derive(Debug)]
pub struct Budget {
    epoch: Instant,
    /// What a first question earns, and what is saved at the most, in thousandths; and retries a second.
    earned: u64,
    most: u64,
    per_second: u64,
    /// Milliseconds since `epoch` in the upper 40 bits, which are 34 years, and thousandths of a
    /// retry in the lower 24.
    word: AtomicU64,
}

/// The retry budgets of all providers, by their slug. Shared by all clones.
///
/// ```
/// use std::time::Instant;
/// use switchtower::dispatch::{fallback::FallbackLayer, retry::{Budgets, RetryLayer}};
///
/// // Whoever asks a provider again takes from the same budget.
/// let budgets = Budgets::default();
/// let fallback = FallbackLayer::new().budgets(budgets.clone());
/// let retry = RetryLayer::new().budgets(budgets.clone());
/// # let _ = (fallback, retry);
///
/// let now = Instant::now();
/// assert!(budgets.of("acme", now).withdraw(now));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Budgets {
    allowance: Allowance,
    /// In order: of the few that most catalogues have, one is found sooner than a hash of its name is made.
    of: Arc<RwLock<BTreeMap<Box<str>, Arc<Budget>>>>,
}

/// By how much may retries add to the load of a provider?
///
/// Whatever fails, a provider is asked no more often than each request once, `percent` in a hundred of that again,
/// `per_second` times a second, and once `most` times.
///
/// ```
/// use std::time::Instant;
/// use switchtower::dispatch::retry::{Allowance, Budgets};
///
/// let budgets = Budgets::new(Allowance { percent: 10, per_second: 1, most: 20 });
/// let now = Instant::now();
/// assert!(budgets.of("acme", now).withdraw(now));
/// assert!(!budgets.of("acme", now).withdraw(now));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// How many retries a hundred first questions earn; at most 1000 count. Default 20, as finagle and linkerd have it.
    pub percent: u32,
    /// How many retries a second are always there, so that a quiet service can retry at all; at most 1000 count. Default 10.
    pub per_second: u32,
    /// How many are saved at the most; over 10 000, so many. Default 100: ten seconds of the floor, or what five hundred
    /// first questions have earned.
    pub most: u32,
}

/// A retry, in thousandths.
const RETRY: u64 = 1000;
/// Bits of a balance; 10 000 retries need 24.
const BALANCE: u32 = 24;
/// The last millisecond that is told from the one before.
const LAST: u64 = u64::MAX >> BALANCE;

// === impl Allowance ===

impl Default for Allowance {
    fn default() -> Self {
        Self {
            percent: 20,
            per_second: 10,
            most: 100,
        }
    }
}

// === impl Budget ===

impl Budget {
    /// With one second's worth of retries, and the default allowance.
    pub fn new(epoch: Instant) -> Self {
        Self::allowing(Allowance::default(), epoch)
    }

    /// With one second's worth of retries.
    pub fn allowing(allowance: Allowance, epoch: Instant) -> Self {
        let per_second = u64::from(allowance.per_second.min(1000));
        let most = u64::from(allowance.most.min(10_000)) * RETRY;
        Self {
            epoch,
            earned: u64::from(allowance.percent.min(1000)) * RETRY / 100,
            most,
            per_second,
            word: AtomicU64::new((per_second * RETRY).min(most)),
        }
    }

    /// A first question to the provider: it earns a part of a retry.
    pub fn deposit(&self, now: Instant) {
        self.change(now, |balance| Some(balance + self.earned));
    }

    /// Takes one retry; false if there is none.
    pub fn withdraw(&self, now: Instant) -> bool {
        self.change(now, |balance| balance.checked_sub(RETRY))
    }

    fn change(&self, now: Instant, change: impl Fn(u64) -> Option<u64>) -> bool {
        let millis = now.saturating_duration_since(self.epoch).as_millis();
        let millis = u64::try_from(millis).map_or(LAST, |millis| millis.min(LAST));
        let step = |word: u64| {
            let (then, balance) = (word >> BALANCE, word & ((1 << BALANCE) - 1));
            // Another thread may have been here with a later `now`: time never runs backwards.
            let latest = then.max(millis);
            // One retry a second is one thousandth of it a millisecond.
            let dripped = (balance + (latest - then) * self.per_second).min(self.most);
            change(dripped).map(|balance| (latest << BALANCE) | balance.min(self.most))
        };
        self.word.try_update(Relaxed, Relaxed, step).is_ok()
    }
}

// === impl Budgets ===

impl Budgets {
    /// Of this allowance for each provider.
    pub fn new(allowance: Allowance) -> Self {
        Self {
            allowance,
            of: Arc::default(),
        }
    }

    /// A first question to this provider: it earns a part of a retry.
    pub(super) fn deposit(&self, provider: &str, now: Instant) {
        let known = self.of.read().unwrap_or_else(PoisonError::into_inner);
        match known.get(provider) {
            Some(budget) => budget.deposit(now),
            None => {
                drop(known);
                self.of(provider, now).deposit(now);
            }
        }
    }

    /// The budget of this provider. There are as many as the catalogue has providers.
    pub fn of(&self, provider: &str, now: Instant) -> Arc<Budget> {
        let known = self
            .of
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(provider)
            .cloned();
        known.unwrap_or_else(|| {
            let mut map = self.of.write().unwrap_or_else(PoisonError::into_inner);
            map.entry(provider.into())
                .or_insert_with(|| Arc::new(Budget::allowing(self.allowance, now)))
                .clone()
        })
    }
}
