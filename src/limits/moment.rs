//! What time is it?

use std::time::{Duration, Instant, SystemTime};

/// What time is it, by both clocks? Windows of the calendar go by the wall clock, all others by the one that never goes
/// back.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// By the clock that never goes back.
    pub instant: Instant,
    /// By the wall clock.
    pub wall: SystemTime,
}

/// As counters have it.
#[derive(Clone, Copy, Debug)]
pub(super) struct At {
    /// Since the epoch.
    pub(super) nanos: u64,
    pub(super) wall: SystemTime,
}

/// So much before the first moment the epoch was: as far as what is counted at the start may go back. A century.
const BEFORE: u64 = 100 * 365 * 24 * 60 * 60 * 1_000_000_000;

// === impl At ===

impl At {
    /// Counted from the first moment that there was.
    pub(super) fn new(now: Now, first: Instant) -> Self {
        let age = now.instant.saturating_duration_since(first).as_nanos();
        let age = u64::try_from(age).unwrap_or(BEFORE);
        Self {
            nanos: BEFORE + age.min(BEFORE),
            wall: now.wall,
        }
    }

    /// When it was this time by the wall clock; what is yet to come is now.
    pub(super) fn back_to(self, wall: SystemTime) -> Self {
        let age = self.wall.duration_since(wall).unwrap_or_default();
        Self {
            nanos: self.nanos.saturating_sub(nanos(age)),
            wall: wall.min(self.wall),
        }
    }

    /// How long it is until then.
    pub(super) fn until(self, nanos: u64) -> Duration {
        Duration::from_nanos(nanos.saturating_sub(self.nanos))
    }
}

pub(super) fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
