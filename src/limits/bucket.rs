//! What flows off, by `governor`.

use std::cell::Cell;
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{NotKeyed, StateStore};
use governor::{Quota, RateLimiter};

use super::moment::{At, nanos};
use super::tally::Place;

/// One word, and how fast it goes by.
#[derive(Debug)]
pub(super) struct Bucket {
    /// When all will have flowed off, in nanoseconds since the epoch: the "theoretical arrival time" of the algorithm. Once that is
    /// over, it stays: what is charged later may have come before it.
    tat: u64,
    /// In which time one flows off, in nanoseconds.
    cell: u64,
    burst: NonZeroU32,
    /// No request that was larger than expected stops others for longer.
    deepest: u64,
    /// The last time that somebody came.
    seen: u64,
}

/// The word, as long as the limiter looks at it.
struct Tat<'a>(&'a Cell<u64>);

/// The time, as it is told.
#[derive(Clone)]
struct Hand<'a>(&'a Cell<u64>);

/// As many periods.
pub(crate) const DEEPEST: u32 = 10;

// === impl Bucket ===

impl Bucket {
    pub(super) fn new(period: Duration, burst: NonZeroU32, limit: u64) -> Self {
        let mut bucket = Self {
            tat: 0,
            cell: 1,
            burst,
            deepest: 0,
            seen: 0,
        };
        bucket.set(period, burst, limit);
        bucket
    }

    /// From now on it flows like this.
    pub(super) fn set(&mut self, period: Duration, burst: NonZeroU32, limit: u64) {
        self.cell = nanos(period).div_ceil(limit.max(1)).max(1);
        self.burst = burst;
        // Each of the burst has its time.
        let full = self.cell.saturating_mul(burst.get().into());
        self.deepest = nanos(period).saturating_mul(DEEPEST.into()).max(full);
    }

    pub(super) fn advance(&mut self, at: At) {
        self.seen = self.seen.max(at.nanos);
    }

    pub(super) fn burst(&self) -> u64 {
        self.burst.get().into()
    }

    /// So much has not flowed off.
    pub(super) fn used(&self, at: At) -> u64 {
        self.tat.saturating_sub(at.nanos).div_ceil(self.cell)
    }

    /// When so many would be let through.
    pub(super) fn earliest(&self, count: u64) -> u64 {
        let held_back = self.burst() - u64::from(self.at_once(count).get());
        self.tat.saturating_sub(held_back.saturating_mul(self.cell))
    }

    /// When all has flowed off.
    pub(super) fn full(&self) -> u64 {
        self.tat
    }

    /// Takes so many, which fit.
    pub(super) fn take(&mut self, count: u64, at: At) -> Place {
        let before = self.tat.max(at.nanos);
        if count > 0 {
            let at_once = self.at_once(count);
            if !self.check(at_once, at) {
                // Somebody has looked before, and would not be here.
                self.owe(self.time(at_once.get().into()), at);
            }
            self.owe(self.time(count - u64::from(at_once.get())), at);
        }
        let after = self.tat.max(before);
        Place {
            at: after,
            deep: after - before,
        }
    }

    /// It was so many instead. What has flowed off already is not given back.
    pub(super) fn correct(&mut self, place: Place, count: u64) {
        let time = self.time(count);
        match place.deep.checked_sub(time) {
            Some(less) => {
                let left = place.at.saturating_sub(self.seen);
                self.tat = self.tat.saturating_sub(less.min(left));
            }
            None => {
                let at = self.seen;
                self.owe_at(time - place.deep, at);
            }
        }
    }

    fn owe(&mut self, time: u64, at: At) {
        self.owe_at(time, at.nanos);
    }

    fn owe_at(&mut self, time: u64, at: u64) {
        if time > 0 {
            let (tat, deepest) = (self.tat.max(at), at.saturating_add(self.deepest));
            self.tat = tat.saturating_add(time).min(deepest.max(tat));
        }
    }

    fn time(&self, count: u64) -> u64 {
        count.saturating_mul(self.cell)
    }

    /// So many were let through then, behind all that were before: what came in their order is charged in it.
    pub(super) fn charge(&mut self, count: u64, then: At) {
        self.owe(self.time(count), then);
    }

    /// Takes so many that were let through then, and of which some have flowed off since.
    pub(super) fn take_then(&mut self, count: u64, then: At, now: At) -> Place {
        let (first, before) = (self.tat.max(then.nanos), self.tat.max(now.nanos));
        self.charge(count, then);
        let after = self.tat.max(before);
        let since = now.nanos.saturating_sub(first);
        Place {
            at: after,
            // With what has flowed off: only what is more than that is owed by what is corrected.
            deep: (after - before).saturating_add(since.min(self.time(count))),
        }
    }

    fn check(&mut self, count: NonZeroU32, at: At) -> bool {
        let (tat, hand) = (Cell::new(self.tat), Cell::new(0));
        let quota = Quota::with_period(Duration::from_nanos(self.cell)).expect("a time over zero");
        let quota = quota.allow_burst(self.burst);
        let limiter: RateLimiter<NotKeyed, _, _, NoOpMiddleware<Nanos>> =
            RateLimiter::new(quota, Tat(&tat), Hand(&hand));
        hand.set(at.nanos);
        let passes = matches!(limiter.check_n(count), Ok(Ok(())));
        self.tat = tat.get();
        passes
    }

    fn at_once(&self, count: u64) -> NonZeroU32 {
        let count = u32::try_from(count.min(self.burst())).unwrap_or(u32::MAX);
        NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN)
    }
}

// === impl Tat ===

impl StateStore for Tat<'_> {
    type Key = NotKeyed;

    fn measure_and_replace<T, F, E>(&self, _: &NotKeyed, f: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let tat = self.0.get();
        let (answer, next) = f((tat > 0).then(|| Nanos::from(tat)))?;
        self.0.set(next.into());
        Ok(answer)
    }
}

// === impl Hand ===

impl Clock for Hand<'_> {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        Nanos::from(self.0.get())
    }
}
