//! Which clock runs out next?

use std::time::{Duration, Instant};

use crate::clock::later;
use crate::kind::Phase;
use crate::wishes::{Allowed, Wishes};

/// How long may each phase take?
///
/// The defaults are for chat models: a provider that queues for longer than ten seconds without
/// even headers is worth leaving, and a reasoning model may think for a minute before it speaks.
///
/// See the example in the [module docs](super). [`Stack::deadlines`](crate::Stack::deadlines) takes them as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadlines {
    /// From asking to the response headers. Default 10 s.
    pub headers: Duration,
    /// From asking to the first content token. Default 60 s.
    pub first_token: Duration,
    /// From one content token to the next. Default 30 s.
    pub idle: Duration,
    /// From the arrival of the request to the end of its answer. Default 10 min.
    pub total: Duration,
}

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

/// The four clocks of one attempt. See the [module docs](super).
#[derive(Clone, Copy, Debug)]
pub struct Clocks {
    headers: Option<Instant>,
    first_token: Option<Instant>,
    idle: Duration,
    total: Instant,
    /// Had it time enough for its silence to be its own fault, when the total is over?
    fair: bool,
}

/// How long the usage may take after the finish reason: without it the cost is only an estimate.
const USAGE: Duration = Duration::from_secs(5);

/// How long the end of the transfer may take after `[DONE]`, so that the connection can be used again.
const LINGER: Duration = Duration::from_secs(1);

// === impl Deadlines ===

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            headers: Duration::from_secs(10),
            first_token: Duration::from_secs(60),
            idle: Duration::from_secs(30),
            total: Duration::from_secs(600),
        }
    }
}

impl Deadlines {
    /// What a request asks for itself, where it does.
    #[must_use]
    pub fn with(mut self, wishes: &Wishes) -> Self {
        let set = |limit: &mut Duration, wish: Option<Duration>| *limit = wish.unwrap_or(*limit);
        set(&mut self.headers, wishes.headers);
        set(&mut self.first_token, wishes.first_token);
        set(&mut self.idle, wishes.idle);
        set(&mut self.total, wishes.total);
        self
    }

    /// So that nobody is refused what all others get.
    pub(crate) fn allow(&self, allowed: Allowed) -> Allowed {
        Allowed {
            headers: allowed.headers.max(self.headers),
            first_token: allowed.first_token.max(self.first_token),
            idle: allowed.idle.max(self.idle),
            total: allowed.total.max(self.total),
            ..allowed
        }
    }
}

// === impl Clocks ===

impl Clocks {
    /// The clocks of an attempt made at `asked`, in a request whose time is over at `total`.
    /// `others` are the candidates after this one; `None` where there is no plan to count them in.
    pub fn new(
        deadlines: &Deadlines,
        asked: Instant,
        total: Instant,
        others: Option<usize>,
        stream: bool,
    ) -> Self {
        let (headers, first_token) = match (others, stream) {
            // Without a plan too, a document is silent until it is done.
            (Some(0), _) | (None, false) => (None, None),
            (Some(others), false) => {
                let candidates = u32::try_from(others).unwrap_or(u32::MAX - 1) + 1;
                let share = asked + total.saturating_duration_since(asked) / candidates;
                (Some(share), Some(share))
            }
            _ => (
                Some(later(asked, deadlines.headers)),
                Some(later(asked, deadlines.first_token)),
            ),
        };
        Self {
            headers,
            first_token,
            idle: deadlines.idle,
            total,
            fair: later(asked, deadlines.headers) <= total,
        }
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
            Progress::Content(last) => (later(last, self.idle), Phase::Idle),
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
