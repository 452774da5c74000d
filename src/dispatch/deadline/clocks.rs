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
    /// Content; this is when the last of it came.
    Content(Instant),
    /// The finish reason; the usage is missing since then.
    Finished(Instant),
    /// `[DONE]`; only the end of the transfer is missing since then.
    Done(Instant),
}

/// One window of the [`Floor`], of which each begins where the one before it ends.
///
/// [`Clocks::window`] begins the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Bytes of content that have to have come in all.
    pub least: u64,
    /// By then.
    pub until: Instant,
}

/// The clocks of one attempt. See the [module docs](super).
#[derive(Clone, Copy, Debug)]
pub struct Clocks {
    headers: Option<Instant>,
    first_token: Option<Instant>,
    idle: Duration,
    floor: Option<Floor>,
    total: Instant,
    /// Is somebody else asked when there are no headers, or no first token?
    fails_over: bool,
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
            fails_over: others.is_some_and(|others| others > 0),
            fair: later(asked, deadlines.headers) <= total,
        }
    }

    /// Is this a failure for which somebody else is asked?
    pub(super) fn fails_over(&self, phase: Phase) -> bool {
        self.fails_over && matches!(phase, Phase::Headers | Phase::FirstToken)
    }

    /// Nobody else is left: it gets all the time.
    pub(super) fn stay(&mut self) {
        self.fails_over = false;
        (self.headers, self.first_token) = (None, None);
    }

    /// The window that begins now, when so many bytes of content have come; none without a floor.
    #[must_use]
    pub fn window(&self, bytes: u64, now: Instant) -> Option<Window> {
        self.floor.map(|floor| Window {
            least: bytes.saturating_add(floor.bytes.into()),
            until: now + floor.window,
        })
    }

    /// The next window, now that this one is over and so many bytes have come; none if they are too few.
    ///
    /// Who comes for them later than the idle clock would have waited has not looked: a provider that was not asked for
    /// more need not have sent it.
    #[must_use]
    pub fn window_after(&self, old: Window, bytes: u64, now: Instant) -> Option<Window> {
        let late = now.saturating_duration_since(old.until);
        match bytes >= old.least || late >= self.idle {
            true => self.window(bytes, now),
            false => None,
        }
    }

    /// When must the next thing have come, and which clock says so? `window` is the one under way.
    pub fn next(&self, progress: Progress, window: Option<Window>) -> (Instant, Phase) {
        let or_total = |at: Option<Instant>, phase| match at {
            Some(at) => (at, phase),
            None if self.fair => (self.total, phase),
            None => (self.total, Phase::Total),
        };
        let (at, phase) = match progress {
            Progress::Asked => or_total(self.headers, Phase::Headers),
            Progress::Headers => or_total(self.first_token, Phase::FirstToken),
            Progress::Content(last) => {
                let idle = last + self.idle;
                match window {
                    Some(window) if window.until < idle => (window.until, Phase::Throughput),
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
