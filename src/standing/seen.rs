//! What an endpoint has been seen to do, counted by time.

use super::latest::Latest;
use super::uptime::{Health, Period, Uptime};
use super::window::{Tally, Window};

/// How its attempts have ended. Time is in seconds since the epoch of its [`Standing`](super::Standing).
#[derive(Debug)]
pub(super) struct Seen {
    outages: Window<30>,
    outage: Latest,
    failure: Latest,
    uptime: Uptime,
    /// Those that were limited, as failures.
    limits: Window<30>,
    /// In buckets of five minutes.
    tool_calls: Window<24>,
}

/// How often was a model's answer that ended in tool calls wrong about them? See
/// [`Standing::tool_calls`](super::Standing::tool_calls).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Validity {
    /// Answers that ended in tool calls.
    pub answers: u32,
    /// Those among them with a call that no tool can take.
    pub faulty: u32,
}

/// How many seconds a failure counts: OpenRouter looks at the last thirty.
const OUTAGE: u32 = 30;
/// By how many seconds health is told.
const HALF_HOUR: u32 = 30 * 60;

// === impl Seen ===

impl Seen {
    pub(super) fn new() -> Self {
        Self {
            outages: Window::default(),
            outage: Latest::new(),
            failure: Latest::new(),
            uptime: Uptime::default(),
            limits: Window::default(),
            tool_calls: Window::default(),
        }
    }

    /// An attempt was answered, or failed.
    pub(super) fn count(&self, second: u32, success: bool) {
        self.outages.count(second, success);
        if !success {
            self.outage.note(second);
            self.failure.note(second);
        }
        self.uptime.count(second, success);
    }

    /// There was no room for an attempt.
    pub(super) fn limited(&self, second: u32) {
        self.outages.count(second, false);
        self.outage.note(second);
        self.limits.count(second / 60, false);
    }

    /// An answer ended in tool calls.
    pub(super) fn called_tools(&self, second: u32, valid: bool) {
        self.tool_calls.count(second / 300, valid);
    }

    /// In the last thirty seconds.
    pub(super) fn recent(&self, second: u32) -> Tally {
        self.outages.tally(second)
    }

    /// Has less than half failed in the last thirty seconds, or since then? The clock is read only where something has.
    pub(super) fn is_steady(&self, second: impl Fn() -> u32, since: impl Fn() -> u32) -> bool {
        if !self.outage.is_within(OUTAGE, &second) {
            return true;
        }
        let recent = self.outages.tally_since(second(), since());
        recent.failed == 0 || recent.failed < recent.succeeded
    }

    /// In the last thirty minutes, or since then.
    pub(super) fn health(&self, second: impl Fn() -> u32, since: impl Fn() -> u32) -> Health {
        if !self.failure.is_within(HALF_HOUR, &second) {
            return Health::Normal;
        }
        Health::of(self.uptime.half_hour_since(second(), since()))
    }

    pub(super) fn tally(&self, period: Period, second: u32) -> Tally {
        self.uptime.tally(period, second)
    }

    /// So many were limited in the last thirty minutes.
    pub(super) fn limits(&self, second: u32) -> u32 {
        self.limits.tally(second / 60).failed
    }

    /// In the last two hours.
    pub(super) fn tool_calls(&self, second: u32) -> Validity {
        let calls = self.tool_calls.tally(second / 300);
        Validity {
            answers: calls.succeeded + calls.failed,
            faulty: calls.failed,
        }
    }
}
