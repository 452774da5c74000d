//! A day, a week or a month, and what was used in it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::moment::{At, nanos};
use crate::calendar::Period;

/// The window that is on, and what was used in it.
///
/// A clock that is set back does not lead into a window that is over: the one that is on stays on until its end, so that
/// none is empty twice. One that was ahead and is set right holds nobody up for longer than a whole window.
#[derive(Debug)]
pub(super) struct Calendar {
    pub(super) used: u64,
    period: Period,
    start: SystemTime,
    end: SystemTime,
    /// When it was entered, by the clock that never goes back.
    since: u64,
}

// === impl Calendar ===

impl Calendar {
    pub(super) fn new(period: Period, at: At) -> Self {
        let (start, end) = period.around(at.wall);
        Self {
            used: 0,
            period,
            start,
            end,
            since: at.nanos,
        }
    }

    /// Has the next one begun?
    pub(super) fn advance(&mut self, at: At) -> bool {
        let is_over = at.wall >= self.end;
        let was_ahead =
            || at.wall < self.start && at.nanos.saturating_sub(self.since) >= self.length();
        let next = is_over || was_ahead();
        if next {
            *self = Self::new(self.period, at);
        }
        next
    }

    /// A number that no other window has.
    pub(super) fn name(&self) -> u64 {
        let start = self.start.duration_since(UNIX_EPOCH);
        start.unwrap_or_default().as_secs()
    }

    /// Is this time in it?
    pub(super) fn has(&self, time: SystemTime) -> bool {
        time >= self.start && time < self.end
    }

    pub(super) fn end(&self) -> SystemTime {
        self.end
    }

    pub(super) fn left(&self, at: At) -> Duration {
        self.end.duration_since(at.wall).unwrap_or_default()
    }

    fn length(&self) -> u64 {
        nanos(self.end.duration_since(self.start).unwrap_or_default())
    }
}
