//! How many retries may a provider be burdened with?

use std::collections::HashMap;
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
pub struct Budgets(Arc<RwLock<HashMap<Box<str>, Arc<Budget>>>>);

/// A retry, in thousandths.
const RETRY: u64 = 1000;
/// What a first question earns: a fifth of a retry, as finagle and linkerd have it.
const EARNED: u64 = RETRY / 5;
/// Retries that are always there, so that a quiet service can retry at all.
const PER_SECOND: u64 = 10;
/// Ten seconds of the floor, or what five hundred first questions have earned.
const MOST: u64 = 100 * RETRY;
/// Bits of a balance; [`MOST`] needs 17.
const BALANCE: u32 = 24;
/// The last millisecond that is told from the one before.
const LAST: u64 = u64::MAX >> BALANCE;

// === impl Budget ===

impl Budget {
    /// With one second's worth of retries.
    pub fn new(epoch: Instant) -> Self {
        Self {
            epoch,
            word: AtomicU64::new(PER_SECOND * RETRY),
        }
    }

    /// A first question to the provider: it earns a part of a retry.
    pub fn deposit(&self, now: Instant) {
        self.change(now, |balance| Some(balance + EARNED));
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
            // A thousandth of a retry, times ten a second, is ten thousandths a millisecond.
            let dripped = (balance + (latest - then) * PER_SECOND).min(MOST);
            change(dripped).map(|balance| (latest << BALANCE) | balance.min(MOST))
        };
        self.word.try_update(Relaxed, Relaxed, step).is_ok()
    }
}

// === impl Budgets ===

impl Budgets {
    /// The budget of this provider. There are as many as the catalogue has providers.
    pub fn of(&self, provider: &str, now: Instant) -> Arc<Budget> {
        let known = self
            .0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(provider)
            .cloned();
        known.unwrap_or_else(|| {
            let mut map = self.0.write().unwrap_or_else(PoisonError::into_inner);
            map.entry(provider.into())
                .or_insert_with(|| Arc::new(Budget::new(now)))
                .clone()
        })
    }
}
