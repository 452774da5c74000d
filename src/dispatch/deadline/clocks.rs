//! Which clock runs out next?

use std::time::{Duration, Instant};

use super::limits::{Deadlines, Floor};
use crate::clock::{CENTURY, later};
use crate::kind::Phase;

/// What has come so far? [`Clocks::next`] asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Nothing.
    Asked,
    /// The response headers.
    Headers,
    /// Content.
    Content {
        /// When the last of it came.
        last: Instant,
        /// How much has to have come in all, and when: the end of the [`Floor`]'s window that has begun.
        due: Option<(u64, Instant)>,
    },
    /// The finish reason; the usage is missing since then.
    Finished(Instant),
    /// `[DONE]`; only the end of the transfer is missing since then.
    Done(Instant),
}

/// The clocks of one attempt. See the [module docs](super).
#[derive(Clone, Copy, Debug)]
pub struct Clocks {
    headers: Option<Instant>,
    first_token: Option<Instant>,
    idle: Duration,
    floor: Option<Floor>,
    total: Instant,
    /// Had it time enough for its silence to be its own fault, when the total is over?
    fair: bool,
}

/// How long the usage may take after the finish reason: without it the cost is only an estimate.
const USAGE: Duration = Duration::from_secs(5);

/// How long the end of the transfer may take after `[DONE]`, so that the connection can be used again.
const LINGER: Duration = Duration::from_secs(1);

// === impl Clocks ===

impl Clocks {
    /// The clocks of an attempt made at `asked`, in a request whose time is over at `total`.
    /// `others` are the candidates after this one that may be asked; `None` where there is no plan to count them in.
    pub fn new(
        deadlines: &Deadlines,
        asked: Instant,
        total: Instant,
        others: Option<usize>,
        stream: bool,
    ) -> Self {
        let Deadlines {
            headers,
            first_token,
            fail_over,
            ..
        } = *deadlines;
        let at = |limit| Some(later(asked, limit));
        let (headers, first_token) = match (others, stream) {
            // Without a plan too, a document is silent until it is done.
            (Some(0), _) | (None, false) => (None, None),
            (Some(others), false) => {
                let candidates = u32::try_from(others).unwrap_or(u32::MAX - 1) + 1;
                let share = asked + total.saturating_duration_since(asked) / candidates;
                (Some(share), Some(share))
            }
            (Some(_), true) => (at(headers.min(fail_over)), at(fail_over.min(first_token))),
            (None, true) => (at(headers), at(first_token)),
        };
        Self {
            headers,
            first_token,
            idle: deadlines.idle.min(CENTURY),
            floor: deadlines.floor.map(|floor| Floor {
                window: floor.window.max(deadlines.idle).min(CENTURY),
                ..floor
            }),
            total,
            fair: later(asked, deadlines.headers) <= total,
        }
    }

    /// Content has come, `bytes` of it in all by `now`, when no more is there for the moment.
    ///
    /// Who comes for it later than the idle clock would have waited begins another window: a provider that
    /// was not asked for more need not have sent it.
    #[must_use]
    pub fn content(&self, old: Progress, bytes: u64, now: Instant) -> Progress {
        let due = match old {
            Progress::Content {
                last,
                due: Some((least, until)),
            } if bytes < least && now.saturating_duration_since(last) < self.idle => {
                Some((least, until))
            }
            _ => self.floor.map(|floor| {
                let least = bytes.saturating_add(floor.bytes.into());
                (least, now + floor.window)
            }),
        };
        Progress::Content { last: now, due }
    }

    /// When must the next thing have come, and which clock says so?
    pub fn next(&self, progress: Progress) -> (Instant, Phase) {
        let or_total = |at: Option<Instant>, phase| match at {
            Some(at) => (at, phase),
            None if self.fair => (self.total, phase),
            None => (self.total, Phase::Total),
        };
        let (at, phase) = match progress {
            Progress::Asked => or_total(self.headers, Phase::Headers),
            Progress::Headers => or_total(self.first_token, Phase::FirstToken),
            Progress::Content { last, due } => {
                let idle = last + self.idle;
                match due {
                    Some((_, slow)) if slow < idle => (slow, Phase::Throughput),
                    _ => (idle, Phase::Idle),
                }
            }
            Progress::Finished(last) => (last + USAGE, Phase::Idle),
            Progress::Done(last) => (last + LINGER, Phase::Idle),
        };
        if at <= self.total {
            (at, phase)
        } else {
            (self.total, Phase::Total)
        }
    }
}
