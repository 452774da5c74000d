//! The limits that were announced for one endpoint and one key.

use std::sync::PoisonError;
use std::sync::atomic::Ordering::{Acquire, Release};
use std::time::{Duration, Instant};

use super::counts::{Counts, Ticket};
use super::gauge::{Event, Gauge, fits};
use super::headroom::{Headroom, Left};
use super::need::{Need, UNITS};
use crate::sync::{AtomicU64, Mutex};
use crate::wire::limits::Allowance;

/// What was announced. It is changed under a lock, once when an attempt begins and once when its headers come, and read without one.
#[derive(Debug)]
pub(crate) struct Announced {
    epoch: Instant,
    gauges: Mutex<[Gauge; UNITS]>,
    words: [Word; UNITS],
}

/// A copy of one gauge for those who only look. It is zero as long as nothing is known.
///
/// ```text
/// 63                           32 31                        0
/// ├─ until, in 1/16 s, rounded up ─┼─ ceiling, its low half ──┤
/// ```
#[derive(Debug)]
struct Word {
    until: AtomicU64,
    /// Zero: it is not known. It hardly ever changes.
    limit: AtomicU64,
}

/// A sixteenth of a second, about: until 2³² of them are over, eight years pass.
const UNIT: u64 = 64;

// === impl Announced ===

impl Announced {
    /// Nothing yet. Time is counted from `epoch`.
    pub(crate) fn new(epoch: Instant) -> Self {
        Self {
            epoch,
            gauges: Mutex::new([Gauge::default(); UNITS]),
            words: std::array::from_fn(|_| Word::new()),
        }
    }

    /// An answer to the attempt of this ticket says so.
    pub(crate) fn told(&self, told: [Option<Allowance>; UNITS], ticket: Ticket, now: Instant) {
        let now = self.millis(now);
        let mut gauges = self.lock();
        let told = told.into_iter().zip(ticket.units());
        for ((gauge, word), (told, at)) in gauges.iter_mut().zip(&self.words).zip(told) {
            let Some(told) = told else { continue };
            let event = Event::Told {
                at,
                remaining: told.remaining,
                limit: told.limit,
                resets_in: told.resets_in,
            };
            *gauge = gauge.after(event, now);
            word.show(gauge);
        }
    }

    /// Takes room for one more attempt, or says when to ask again.
    pub(crate) fn take(
        &self,
        counts: &Counts,
        need: Need,
        now: Instant,
    ) -> Result<Ticket, Instant> {
        let now = self.millis(now);
        let mut gauges = self.lock();
        let (begun, needs) = (counts.now().units(), need.units());
        let mut short = None;
        for (unit, gauge) in gauges.iter_mut().enumerate() {
            *gauge = gauge.after(Event::Asked { begun: begun[unit] }, now);
            self.words[unit].show(gauge);
            if !gauge.fits(needs[unit], begun[unit]) {
                short = short.max(Some(gauge.until));
            }
        }
        match short {
            Some(until) => Err(self.epoch + Duration::from_millis(until)),
            None => Ok(counts.add(need)),
        }
    }

    /// When to ask again, if there is no room now.
    pub(crate) fn short_until(&self, counts: &Counts, need: Need, now: Instant) -> Option<Instant> {
        let (begun, needs, now) = (counts.now().units(), need.units(), self.millis(now));
        let short = (0..UNITS).filter_map(|unit| {
            let (left, until, limit) = self.words[unit].look(begun[unit], now)?;
            (!fits(left, needs[unit], limit)).then_some(until)
        });
        let until = short.max()?;
        Some(self.epoch + Duration::from_millis(until))
    }

    /// What is left, for people and for those who compare.
    pub(crate) fn headroom(&self, counts: &Counts, now: Instant) -> Headroom {
        let (begun, now) = (counts.now().units(), self.millis(now));
        let left = |unit: usize| {
            let (left, until, limit) = self.words[unit].look(begun[unit], now)?;
            Some(Left {
                left: u64::try_from(left).unwrap_or(0),
                limit,
                resets_in: Duration::from_millis(until.saturating_sub(now)),
            })
        };
        Headroom {
            requests: left(0),
            tokens: left(1),
            input: left(2),
            output: left(3),
        }
    }

    /// Nothing is known any more.
    pub(crate) fn forget(&self) {
        let mut gauges = self.lock();
        for (gauge, word) in gauges.iter_mut().zip(&self.words) {
            *gauge = Gauge::default();
            word.show(gauge);
        }
    }

    fn lock(&self) -> impl std::ops::DerefMut<Target = [Gauge; UNITS]> {
        self.gauges.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn millis(&self, now: Instant) -> u64 {
        let age = now.saturating_duration_since(self.epoch).as_millis();
        // Zero means that nothing is known.
        u64::try_from(age).unwrap_or(u64::MAX)
    }
}

// === impl Word ===

impl Word {
    fn new() -> Self {
        Self {
            until: AtomicU64::new(0),
            limit: AtomicU64::new(0),
        }
    }

    fn show(&self, gauge: &Gauge) {
        let until = gauge.until.div_ceil(UNIT).min(u64::from(u32::MAX));
        let word = (until << 32) | u64::from(gauge.ceiling as u32);
        self.limit.store(gauge.limit.unwrap_or(0), Release);
        self.until.store(if until == 0 { 0 } else { word }, Release);
    }

    /// What is left, until when, and of how much; none if nothing holds now.
    fn look(&self, begun: u64, now: u64) -> Option<(i64, u64, Option<u64>)> {
        let word = self.until.load(Acquire);
        let until = (word >> 32) * UNIT;
        if word == 0 || until <= now {
            return None;
        }
        // The low halves are enough: no two of them are ever 2³¹ apart.
        let left = (word as u32).wrapping_sub(begun as u32) as i32;
        let limit = Some(self.limit.load(Acquire)).filter(|limit| *limit > 0);
        Some((left.into(), until, limit))
    }
}
