//! The record of one endpoint.

use std::time::{Duration, Instant};

use super::average::Average;
use super::window::{Tally, Window};

/// How many seconds a failure counts: OpenRouter looks at the last thirty.
const OUTAGE_WINDOW: usize = 30;

/// What has been learned of one endpoint. See the example in the [module docs](super).
#[derive(Debug)]
pub struct Standing {
    epoch: Instant,
    outcomes: Window<OUTAGE_WINDOW>,
    first_token: Average,
    throughput: Average,
}

// === impl Standing ===

impl Standing {
    /// Of an endpoint that nobody has asked yet. Seconds are counted from `epoch`.
    pub fn new(epoch: Instant) -> Self {
        Self {
            epoch,
            outcomes: Window::default(),
            first_token: Average::default(),
            throughput: Average::default(),
        }
    }

    /// An attempt gave a whole answer. `first_token` is the time to its first content,
    /// `throughput` its output tokens a second in thousandths.
    pub fn succeeded(&self, now: Instant, first_token: Option<Duration>, throughput: Option<u32>) {
        self.outcomes.count(self.second(now), true);
        if let Some(first) = first_token {
            self.first_token
                .sample(u32::try_from(first.as_micros()).unwrap_or(u32::MAX));
        }
        if let Some(throughput) = throughput {
            self.throughput.sample(throughput);
        }
    }

    /// An attempt failed through the provider's fault or the network's.
    pub fn failed(&self, now: Instant) {
        self.outcomes.count(self.second(now), false);
    }

    /// What the last thirty seconds have seen.
    pub fn recent(&self, now: Instant) -> Tally {
        self.outcomes.tally(self.second(now))
    }

    /// Is it without a significant outage? OpenRouter leaves open what that is; here it is half of
    /// the attempts in the outage window, so that one failure of a rarely asked endpoint counts and
    /// one in a hundred does not.
    pub fn is_steady(&self, now: Instant) -> bool {
        let recent = self.recent(now);
        recent.failed == 0 || recent.failed < recent.succeeded
    }

    /// The usual time to the first content token; none before the first success.
    pub fn first_token(&self) -> Option<Duration> {
        self.first_token
            .get()
            .map(|micros| Duration::from_micros(micros.into()))
    }

    /// The usual output tokens a second, in thousandths; none before the first success.
    pub fn throughput(&self) -> Option<u32> {
        self.throughput.get()
    }

    /// Counted from 31, so that an untouched bucket (second zero) is never within the window.
    fn second(&self, now: Instant) -> u32 {
        let age = now.saturating_duration_since(self.epoch).as_secs();
        u32::try_from(age).unwrap_or(u32::MAX - 31) + 31
    }
}
