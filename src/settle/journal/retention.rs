//! When are rows forgotten?

use std::time::{Duration, Instant, SystemTime};

use crate::clock::later;

/// Rows are forgotten so many at once, when there is nothing else to do.
pub(super) const PORTION: usize = 1000;
/// Less than this is not kept: limits count rows of a day and an hour, and a row that is repeated has to be known.
const LEAST: Duration = Duration::from_secs(2 * 86_400);
/// How soon is the next portion, and how soon is it looked for one again?
const AGAIN: [Duration; 2] = [Duration::from_millis(10), Duration::from_secs(3600)];

/// How long rows are kept, and when the next portion is due.
#[derive(Debug)]
pub(super) struct Retention {
    keep: Option<Duration>,
    next: Instant,
}

// === impl Retention ===

impl Retention {
    /// For ever, or so long; and from now on.
    pub(super) fn new(keep: Option<Duration>, now: Instant) -> Self {
        let keep = keep.map(|keep| keep.max(LEAST));
        Self { keep, next: now }
    }

    /// How long is nothing to be done?
    pub(super) fn wait(&self, now: Instant) -> Option<Duration> {
        self.keep?;
        Some(self.next.saturating_duration_since(now))
    }

    /// There is no room left: what may go is to go now.
    pub(super) fn hasten(&mut self, now: Instant) {
        self.next = now;
    }

    /// Rows from before this time may go now, if they are due: when there is nothing else to do, or if that was never so for an
    /// hour.
    pub(super) fn due(&self, idle: bool, now: Instant, wall: SystemTime) -> Option<SystemTime> {
        let grace = if idle { Duration::ZERO } else { AGAIN[1] };
        let is_due = now >= later(self.next, grace);
        wall.checked_sub(self.keep.filter(|_| is_due)?)
    }

    /// So many have gone. None: that failed.
    pub(super) fn gone(&mut self, gone: Option<u64>, now: Instant) {
        let more = gone.is_some_and(|gone| gone >= PORTION as u64);
        self.next = later(now, AGAIN[usize::from(!more)]);
    }
}
