use std::time::Duration;

use super::Script;

#[derive(Clone, Debug, Default)]
pub(crate) struct Pace {
    pub(crate) latency: Duration,
    pub(crate) first_token: Duration,
    pub(crate) between: Duration,
    pub(crate) keep_alive: Option<Duration>,
    pub(crate) comments: u32,
    pub(crate) comment_each: bool,
}

// === impl Script ===

/// # How fast
///
/// All waiting is `tokio::time::sleep`. A JSON answer waits `latency`, sends its headers, then waits
/// as long as its stream would have taken, and sends its body at once.
impl Script {
    /// The wait before the response headers.
    #[must_use]
    pub fn latency(mut self, wait: Duration) -> Self {
        self.pace.latency = wait;
        self
    }

    /// The wait between the headers (with the role-only delta) and the first token.
    #[must_use]
    pub fn first_token(mut self, wait: Duration) -> Self {
        self.pace.first_token = wait;
        self
    }

    /// The wait between two tokens.
    #[must_use]
    pub fn between(mut self, wait: Duration) -> Self {
        self.pace.between = wait;
        self
    }

    /// While a stream waits or stalls after its headers, it sends `: OPENROUTER PROCESSING` this often.
    ///
    /// # Panics
    ///
    /// If `every` is zero.
    #[must_use]
    pub fn keep_alive(mut self, every: Duration) -> Self {
        assert!(!every.is_zero(), "a keep-alive needs an interval");
        self.pace.keep_alive = Some(every);
        self
    }

    /// A stream begins with this many `: OPENROUTER PROCESSING` comments.
    #[must_use]
    pub fn comments(mut self, count: u32) -> Self {
        self.pace.comments = count;
        self
    }

    /// Each token of a stream comes after a `: OPENROUTER PROCESSING` comment.
    #[must_use]
    pub fn comment_each(mut self) -> Self {
        self.pace.comment_each = true;
        self
    }
}
