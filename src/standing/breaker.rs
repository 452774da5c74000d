//! When is an endpoint left alone, and for how long?

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

/// The numbers of the [`Circuit`](super::Circuit), set on [`GateLayer`](crate::dispatch::gate::GateLayer).
///
/// ```
/// use std::time::Duration;
/// use switchtower::standing::Breaker;
///
/// let breaker = Breaker { base: Duration::from_secs(1), ..Breaker::default() };
/// assert!(breaker.cooldown(0, 7) <= Duration::from_secs(1));
/// assert!(breaker.cooldown(60, 7) <= breaker.longest);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Breaker {
    /// How many failures in a row eject it; at most 127 count. None: no number does. Default 5, as Envoy's outlier
    /// detection (`consecutive_5xx`); Linkerd takes 7.
    pub failures: Option<NonZeroU32>,
    /// How many failures in a hundred attempts of the last thirty seconds eject it. Over 100: no share does. Default 50, as
    /// LiteLLM's router.
    pub percent: u32,
    /// Under so many attempts in these seconds their share says nothing. Default 10.
    pub requests: NonZeroU32,
    /// How long it is left alone at first; twice as long after each probe that fails. Default 5 s, as LiteLLM's
    /// `cooldown_time`: a model server that was restarted is back soon. (Envoy begins with 30 s.)
    pub base: Duration,
    /// The longest time that grows from it. Default 5 min, as Envoy's `max_ejection_time`.
    pub longest: Duration,
    /// How long it is left alone when our key or our credit there is refused: only a person can mend that. Zero: not at all. Default
    /// 5 min.
    pub barred: Duration,
    /// The longest `Retry-After` that is obeyed. Default 1 h.
    pub told: Duration,
    /// After which time it is asked about again while a probe is under way. Default 1 s.
    pub recheck: Duration,
    /// What draws the jitter: up to a tenth less, so that gateways that ejected it together do not probe it together.
    pub seed: u64,
}

// === impl Breaker ===

impl Default for Breaker {
    fn default() -> Self {
        Self {
            failures: NonZeroU32::new(5),
            percent: 50,
            requests: const { NonZeroU32::new(10).expect("not zero") },
            base: Duration::from_secs(5),
            longest: Duration::from_secs(300),
            barred: Duration::from_secs(300),
            told: Duration::from_secs(3600),
            recheck: Duration::from_secs(1),
            seed: 0,
        }
    }
}

impl Breaker {
    /// Leaves nobody alone but whom the operator has ejected.
    ///
    /// ```
    /// use switchtower::standing::Breaker;
    ///
    /// assert_eq!(Breaker::never().failures, None);
    /// ```
    pub fn never() -> Self {
        Self {
            failures: None,
            percent: 101,
            barred: Duration::ZERO,
            told: Duration::ZERO,
            ..Self::default()
        }
    }

    /// How long it is left alone after so many ejections that no recovery came between; `draw` is added to the seed.
    pub fn cooldown(&self, ejections: u32, draw: u64) -> Duration {
        let grown = self.base.saturating_mul(1 << ejections.min(20));
        let millis = u64::try_from(grown.min(self.longest).as_millis()).unwrap_or(u64::MAX);
        let mut draws = fastrand::Rng::with_seed(self.seed.wrapping_add(draw));
        Duration::from_millis(millis - draws.u64(..=millis / 10))
    }

    /// When to ask again about an endpoint that is being probed.
    pub(super) fn recheck(&self, now: Instant) -> Instant {
        now.checked_add(self.recheck).unwrap_or(now)
    }

    /// Are so many failures in a row too many?
    pub(super) fn is_many(&self, failures: u32, most: u32) -> bool {
        self.failures
            .is_some_and(|limit| failures >= limit.get().min(most))
    }

    /// Do so many failures among so many attempts call for an ejection?
    pub(super) fn is_often(&self, failed: u32, attempts: u32) -> bool {
        attempts >= self.requests.get()
            && u64::from(failed) * 100 >= u64::from(attempts) * u64::from(self.percent)
    }
}
