//! The operator's own limits, by `governor`.

use std::fmt;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};
use std::time::{Duration, Instant};

use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{NotKeyed, StateStore};
use governor::{Quota, RateLimiter};

use super::need::Need;
use crate::catalog::Pace;
use crate::sync::AtomicU64;

/// Lets through as many requests and tokens a minute as a [`Pace`] says, and never more in any minute.
///
/// A bucket that holds a minute's worth and is filled within a minute would let through nearly twice as much in the first one. So it
/// holds a tenth of it, and what flows in is the rest.
pub(crate) struct Governor {
    epoch: Instant,
    pace: Pace,
    requests: Option<Bucket>,
    tokens: Option<Bucket>,
}

struct Bucket {
    limiter: RateLimiter<NotKeyed, Tat, Hand, NoOpMiddleware<Nanos>>,
    /// What the limiter keeps, so that it can be corrected.
    tat: Tat,
    hand: Hand,
    /// In which time one flows in, in nanoseconds.
    cell: u64,
    /// So many are let through at once.
    burst: u64,
}

/// When the bucket would be full, in nanoseconds since the epoch: the "theoretical arrival time" of the algorithm.
#[derive(Clone)]
struct Tat {
    at: Arc<AtomicU64>,
    /// For how long it has been full until what was taken last: what would have flowed in meanwhile is lost.
    full_for: Arc<AtomicU64>,
    hand: Hand,
}

/// A clock that shows what was told last: whoever asks says what time it is.
#[derive(Clone)]
struct Hand(Arc<AtomicU64>);

/// For how long a bucket had been full, in nanoseconds, when something was taken of it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct FullFor(u64);

const MINUTE: u64 = 60_000_000_000;
/// No answer that was larger than expected stops others for longer.
const DEEPEST: u64 = 10 * MINUTE;

// === impl Governor ===

impl Governor {
    /// None where nothing is limited.
    pub(crate) fn new(pace: Pace, epoch: Instant) -> Option<Self> {
        (pace != Pace::default()).then(|| Self {
            epoch,
            pace,
            requests: pace.requests.map(Bucket::new),
            tokens: pace.tokens.map(Bucket::new),
        })
    }

    /// What it lets through.
    pub(crate) fn pace(&self) -> Pace {
        self.pace
    }

    /// Lets one more attempt through, or says when to ask again. One that is larger than what may go at once waits until it could
    /// go first, and those that come after it wait for the rest: no size waits for ever.
    pub(crate) fn take(&self, need: Need, now: Instant) -> Result<FullFor, Instant> {
        let nanos = self.nanos(now);
        let refused = |until| self.epoch + Duration::from_nanos(until);
        if let Some(requests) = &self.requests {
            requests.take(1, nanos).map_err(refused)?;
        }
        let Some(tokens) = &self.tokens else {
            return Ok(FullFor::default());
        };
        tokens.take(need.tokens(), nanos).map_err(|until| {
            if let Some(requests) = &self.requests {
                requests.give_back(1);
            }
            refused(until)
        })?;
        Ok(FullFor(tokens.tat.full_for.load(Acquire)))
    }

    /// When to ask again, if nothing would be let through now.
    pub(crate) fn short_until(&self, need: Need, now: Instant) -> Option<Instant> {
        let requests = self.requests.as_ref().map(|bucket| bucket.earliest(1));
        let tokens = self.tokens.as_ref();
        let tokens = tokens.map(|bucket| bucket.earliest(need.tokens()));
        let until = requests.max(tokens)?;
        (until > self.nanos(now)).then(|| self.epoch + Duration::from_nanos(until))
    }

    /// What was taken just now was not asked for.
    pub(crate) fn give_back(&self, need: Need) {
        if let Some(requests) = &self.requests {
            requests.give_back(1);
        }
        if let Some(tokens) = &self.tokens {
            tokens.give_back(need.tokens());
        }
    }

    /// So many tokens were moved where that many were expected. While the bucket was full meanwhile, nothing flowed in that could
    /// be given back.
    pub(crate) fn correct(&self, need: Need, full_for: FullFor, moved: u64, now: Instant) {
        let Some(bucket) = &self.tokens else { return };
        match moved.checked_sub(need.tokens()) {
            Some(more) => bucket.owe(more),
            None => {
                let lost = bucket.full_for(self.nanos(now)).saturating_sub(full_for.0);
                bucket.give_back_but(need.tokens() - moved, lost);
            }
        }
    }

    fn nanos(&self, now: Instant) -> u64 {
        let age = now.saturating_duration_since(self.epoch).as_nanos();
        // One of a time that no counter holds: nothing is ever let through again, after five hundred years.
        u64::try_from(age).unwrap_or(u64::MAX / 2)
    }
}

impl fmt::Debug for Governor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Governor").field(&self.pace).finish()
    }
}

// === impl Bucket ===

impl Bucket {
    fn new(a_minute: NonZeroU32) -> Self {
        let a_minute = u64::from(a_minute.get());
        let burst = a_minute.div_ceil(10);
        // At once, and one less than this many within the minute that begins with it.
        let cell = MINUTE.div_ceil(a_minute - burst + 1);
        let quota = Quota::with_period(Duration::from_nanos(cell)).expect("a time over zero");
        let most = u32::try_from(burst).ok().and_then(NonZeroU32::new);
        let quota = quota.allow_burst(most.expect("a tenth of a `u32`, rounded up"));
        let hand = Hand(Arc::new(AtomicU64::new(0)));
        let tat = Tat {
            at: Arc::new(AtomicU64::new(0)),
            full_for: Arc::new(AtomicU64::new(0)),
            hand: hand.clone(),
        };
        Self {
            limiter: RateLimiter::new(quota, tat.clone(), hand.clone()),
            tat,
            hand,
            cell,
            burst,
        }
    }

    fn take(&self, count: u64, now: u64) -> Result<(), u64> {
        self.hand.0.fetch_max(now, Relaxed);
        let at_once = self.at_once(count);
        match self.limiter.check_n(at_once) {
            Ok(Ok(())) => {
                self.owe(count.saturating_sub(at_once.get().into()));
                Ok(())
            }
            Ok(Err(not_until)) => Err(not_until.earliest_possible().as_u64()),
            // It is never more than the burst.
            Err(_) => Err(now),
        }
    }

    fn at_once(&self, count: u64) -> NonZeroU32 {
        let count = u32::try_from(count.min(self.burst)).unwrap_or(u32::MAX);
        NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN)
    }

    /// When so many would be let through: what the limiter would say.
    fn earliest(&self, count: u64) -> u64 {
        let held_back = self.burst - u64::from(self.at_once(count).get());
        self.tat
            .at
            .load(Acquire)
            .saturating_sub(held_back * self.cell)
    }

    fn owe(&self, count: u64) {
        if count > 0 {
            let more = count.saturating_mul(self.cell);
            let deepest = self.hand.0.load(Relaxed).saturating_add(DEEPEST);
            let owe = |tat: u64| Some(tat.saturating_add(more).min(deepest.max(tat)));
            let _ = self.tat.at.try_update(AcqRel, Acquire, owe);
        }
    }

    fn give_back(&self, count: u64) {
        self.give_back_but(count, 0);
    }

    /// Likewise, but for what would have flowed in within so long.
    fn give_back_but(&self, count: u64, lost: u64) {
        let less = count.saturating_mul(self.cell).saturating_sub(lost);
        if less > 0 {
            let give = |tat: u64| Some(tat.saturating_sub(less));
            let _ = self.tat.at.try_update(AcqRel, Acquire, give);
        }
    }

    /// For how long has it been full until now?
    fn full_for(&self, now: u64) -> u64 {
        let at = self.tat.at.load(Acquire);
        self.tat.full_for.load(Acquire) + now.saturating_sub(at)
    }
}

// === impl Tat ===

impl StateStore for Tat {
    type Key = NotKeyed;

    fn measure_and_replace<T, F, E>(&self, _: &NotKeyed, f: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut tat = self.at.load(Acquire);
        loop {
            let (answer, next) = f((tat > 0).then(|| Nanos::from(tat)))?;
            match self.at.compare_exchange(tat, next.into(), AcqRel, Acquire) {
                Ok(_) => {
                    let full = self.hand.0.load(Relaxed).saturating_sub(tat);
                    if full > 0 {
                        self.full_for.fetch_add(full, AcqRel);
                    }
                    return Ok(answer);
                }
                Err(other) => tat = other,
            }
        }
    }
}

// === impl Hand ===

impl Clock for Hand {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        Nanos::from(self.0.load(Relaxed))
    }
}
