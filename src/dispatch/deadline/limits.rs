//! How long may each phase take?

use std::time::Duration;

use crate::catalog::ModelDeadlines;
use crate::wishes::{Allowed, Wishes};

/// How long may each phase take?
///
/// What counts of several that speak: the request's own [`Wishes`], then what the catalogue says of the
/// [model](ModelDeadlines), then these, which are longer for a model that [reasons](Self::reasoning).
///
/// See the example in the [module docs](super). [`Stack::deadlines`](crate::Stack::deadlines) takes them as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadlines {
    /// From asking to the response headers. Default 10 s: who queues for longer than that is worth leaving.
    pub headers: Duration,
    /// From asking to the first content token, where nobody knows of other candidates. Default 60 s.
    pub first_token: Duration,
    /// Likewise, while another candidate may be asked. Default 20 s: a chat model speaks within a few seconds, and whoever
    /// waits for it has to have time left for the next one. Prompts of a hundred thousand tokens may take longer.
    pub fail_over: Duration,
    /// From one content token to the next. Default 30 s.
    pub idle: Duration,
    /// How slowly may content come, once it has begun to? Default as [`Floor`] has it; `None` as slowly as it likes.
    pub floor: Option<Floor>,
    /// From the arrival of the request to the end of its answer. Default 10 min.
    pub total: Duration,
    /// How many times as long all but `total` may take for a model that reasons: an endpoint that supports `reasoning`, or a
    /// request that asks for it. Default 3: some think for minutes without a word. 1 makes no difference.
    pub reasoning: u32,
}

/// The least content that has to come, bytes in a window of time.
///
/// An upstream that sends one token every 29 seconds is never idle, and never done. The default, 32 bytes a minute, is a
/// token every eight seconds: a twentieth of what people read, and slower than any provider that works. Windows
/// follow each other from the first content on, so that whoever becomes slow is found out within two of them. None is
/// shorter than [`Deadlines::idle`]: a pause is that clock's business.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Floor {
    /// Bytes of text, reasoning and tool arguments, escapes read; what has no text counts as one. Default 32.
    pub bytes: u32,
    /// Within this. Default 1 min.
    pub window: Duration,
}

// === impl Deadlines ===

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            headers: Duration::from_secs(10),
            first_token: Duration::from_secs(60),
            fail_over: Duration::from_secs(20),
            idle: Duration::from_secs(30),
            floor: Some(Floor::default()),
            total: Duration::from_secs(600),
            reasoning: 3,
        }
    }
}

impl Deadlines {
    /// Those of a model that reasons.
    #[must_use]
    pub fn reasoning(mut self) -> Self {
        let longer = |limit: &mut Duration| *limit = limit.saturating_mul(self.reasoning.max(1));
        longer(&mut self.headers);
        longer(&mut self.first_token);
        longer(&mut self.fail_over);
        longer(&mut self.idle);
        if let Some(floor) = &mut self.floor {
            longer(&mut floor.window);
        }
        self
    }

    /// What the catalogue says of the model instead, where it does.
    #[must_use]
    pub fn of(mut self, model: &ModelDeadlines) -> Self {
        set(&mut self.headers, model.headers);
        set(&mut self.first_token, model.first_token);
        set(&mut self.fail_over, model.fail_over);
        set(&mut self.idle, model.idle);
        self
    }

    /// What a request asks for itself instead, where it does. How long it waits for a first token, it waits with and
    /// without others to ask.
    #[must_use]
    pub fn with(mut self, wishes: &Wishes) -> Self {
        set(&mut self.headers, wishes.headers);
        set(&mut self.first_token, wishes.first_token);
        set(&mut self.fail_over, wishes.first_token);
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

fn set(limit: &mut Duration, other: Option<Duration>) {
    *limit = other.unwrap_or(*limit);
}

// === impl Floor ===

impl Default for Floor {
    fn default() -> Self {
        Self {
            bytes: 32,
            window: Duration::from_secs(60),
        }
    }
}
