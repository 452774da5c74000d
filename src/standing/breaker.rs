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
    /// Does a failure eject it once others are asked before it, for its [health](super::Health) of the last thirty minutes? Whoever
    /// is asked no more would not be well again before these are over; who is ejected is probed. Only where its model has
    /// other endpoints. Default true.
    pub failing: bool,
    /// How long it is left alone at first; twice as long with each ejection until it is trusted again. Default 5 s, as
    /// LiteLLM's `cooldown_time`: a model server that was restarted is back soon. (Envoy begins with 30 s.)
    pub base: Duration,
    /// The longest time that grows from it: whoever is well again has its share again soon after. Default 20 s, for which one
    /// request in twenty seconds is risked. (Linkerd's `max-penalty` is a minute; Envoy's `max_ejection_time` and Finagle's
    /// `markDeadFor` end at 5 min, but their probes cost no answer that somebody waits for.)
    pub longest: Duration,
    /// For how long an endpoint is on trial once it is back. Then two failures in a row eject it, for longer than the last
    /// time, and it is asked by [few at once](Self::admits) at first; only after that it is trusted as before. Zero: at once.
    /// Default 30 s: Envoy and gRPC take an ejection back for each interval without one, of ten seconds.
    pub trial: Duration,
    /// How many times as long as at its peers the first token may take; slower ones count as failures, for the circuit
    /// alone. See [`is_slow`](Self::is_slow). None: it may take any time. Default 5.
    pub slow: Option<NonZeroU32>,
    /// A first token that comes within this time is never slow. Default 1 s.
    pub swift: Duration,
    /// How long it is left alone when our key or our credit there is refused: only a person can mend that. Zero: not at all. Default
    /// 5 min.
    pub barred: Duration,
    /// The longest `Retry-After` that is obeyed. Default 1 h.
    pub told: Duration,
    /// After which time it is asked about again while a probe is under way, 1 ms at least. Default 1 s.
    pub recheck: Duration,
    /// What draws the jitter: up to a tenth less, so that gateways that ejected it together do not probe it together.
    pub seed: u64,
}

/// How many failures in a row eject an endpoint that is on trial.
const TRIAL_FAILURES: u32 = 2;

// === impl Breaker ===

impl Default for Breaker {
    fn default() -> Self {
        Self {
            failures: NonZeroU32::new(5),
            percent: 50,
            requests: const { NonZeroU32::new(10).expect("not zero") },
            failing: true,
            base: Duration::from_secs(5),
            longest: Duration::from_secs(20),
            trial: Duration::from_secs(30),
            slow: NonZeroU32::new(5),
            swift: Duration::from_secs(1),
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
            failing: false,
            slow: None,
            barred: Duration::ZERO,
            told: Duration::ZERO,
            ..Self::default()
        }
    }

    /// How long it is left alone after so many ejections before it was trusted again; `draw` is added to the seed.
    pub fn cooldown(&self, ejections: u32, draw: u64) -> Duration {
        let grown = self.base.saturating_mul(1 << ejections.min(20));
        let millis = u64::try_from(grown.min(self.longest).as_millis()).unwrap_or(u64::MAX);
        let mut draws = fastrand::Rng::with_seed(self.seed.wrapping_add(draw));
        Duration::from_millis(millis - draws.u64(..=millis / 10))
    }

    /// When to ask again about an endpoint that is being probed.
    pub(super) fn recheck(&self, now: Instant) -> Instant {
        // Without a wait whoever waits for the probe would ask without end.
        let recheck = self.recheck.max(Duration::from_millis(1));
        now.checked_add(recheck).unwrap_or(now)
    }

    /// How many requests an endpoint may have under way that has been back for so long: two in the first second, and twice as
    /// many with each second that follows. None: as many as there are. For a server that has just begun, all that waits
    /// for it at once is too much; and if it is only half well, few wait in vain until that is known. Envoy and nginx call this
    /// slow start.
    ///
    /// ```
    /// use std::time::Duration;
    /// use switchtower::standing::Breaker;
    ///
    /// let breaker = Breaker::default();
    /// assert_eq!(breaker.admits(Duration::ZERO), Some(2));
    /// assert_eq!(breaker.admits(Duration::from_secs(9)), Some(1024));
    /// assert_eq!(breaker.admits(breaker.trial), None);
    /// ```
    pub fn admits(&self, back_for: Duration) -> Option<u32> {
        let doublings = u32::try_from(back_for.as_secs()).ok()?.checked_add(1)?;
        let few = 1u32.checked_shl(doublings)?;
        (back_for < self.trial).then_some(few)
    }

    /// Is a first token slow that took so long, where those of its peers usually take this long?
    ///
    /// ```
    /// use std::time::Duration;
    /// use switchtower::standing::Breaker;
    ///
    /// let (breaker, millis) = (Breaker::default(), Duration::from_millis);
    /// assert!(breaker.is_slow(millis(1500), millis(300)));
    /// assert!(!breaker.is_slow(millis(1400), millis(300)));
    /// // However quick the others are.
    /// assert!(!breaker.is_slow(millis(900), millis(50)));
    /// ```
    pub fn is_slow(&self, took: Duration, usual: Duration) -> bool {
        self.may_be_slow(took)
            && self
                .slow
                .is_some_and(|times| took >= usual.saturating_mul(times.get()))
    }

    /// Could it be slow, whatever its peers do?
    pub(crate) fn may_be_slow(&self, took: Duration) -> bool {
        self.slow.is_some() && took >= self.swift
    }

    /// Are so many failures in a row too many?
    pub(super) fn is_many(&self, failures: u32, most: u32, on_trial: bool) -> bool {
        let patience = if on_trial { TRIAL_FAILURES } else { most };
        self.failures
            .is_some_and(|limit| failures >= limit.get().min(patience))
    }

    /// Do so many failures among so many attempts call for an ejection?
    pub(super) fn is_often(&self, failed: u32, attempts: u32) -> bool {
        attempts >= self.requests.get()
            && u64::from(failed) * 100 >= u64::from(attempts) * u64::from(self.percent)
    }
}
