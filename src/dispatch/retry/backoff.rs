//! How long to wait before asking again?

use std::time::Duration;

/// Exponential backoff with full jitter: a uniform draw between nothing and a bound that doubles.
///
/// Full jitter spreads the callers of one incident best ("Exponential Backoff And Jitter", AWS
/// Architecture Blog, 2015).
///
/// ```
/// use std::time::Duration;
/// use switchtower::dispatch::retry::Backoff;
///
/// let backoff = Backoff::default();
/// assert!(backoff.wait(0, 7) <= backoff.base);
/// assert!(backoff.wait(30, 7) <= backoff.max);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The bound of the first wait. Default 100 ms.
    pub base: Duration,
    /// The largest wait, and the largest `Retry-After` that is obeyed. Default 5 s.
    pub max: Duration,
}

// === impl Backoff ===

impl Default for Backoff {
    fn default() -> Self {
        Self {
            base: Duration::from_millis(100),
            max: Duration::from_secs(5),
        }
    }
}

impl Backoff {
    /// The wait after this many retries of the same candidate; `seed` draws it.
    pub fn wait(&self, retries: u32, seed: u64) -> Duration {
        let bound = self.base.saturating_mul(1 << retries.min(20)).min(self.max);
        let micros = u64::try_from(bound.as_micros()).unwrap_or(u64::MAX);
        Duration::from_micros(fastrand::Rng::with_seed(seed).u64(..=micros))
    }
}
