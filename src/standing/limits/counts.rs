//! What has been begun, ever.

use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use super::need::{Need, UNITS};
use crate::sync::{AtomicU32, AtomicU64};

/// Requests and tokens that have been asked for since the process began, which only grow, and attempts that are under way.
#[derive(Debug)]
pub(crate) struct Counts {
    requests: AtomicU64,
    input: AtomicU64,
    output: AtomicU64,
    in_flight: AtomicU32,
}

/// The place of an attempt among all that were begun: the counts with its own in them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ticket {
    requests: u64,
    input: u64,
    output: u64,
}

// === impl Counts ===

impl Counts {
    pub(crate) fn new() -> Self {
        Self {
            requests: AtomicU64::new(0),
            input: AtomicU64::new(0),
            output: AtomicU64::new(0),
            in_flight: AtomicU32::new(0),
        }
    }

    /// One more attempt, which is under way until it [leaves](Self::leave).
    pub(crate) fn add(&self, need: Need) -> Ticket {
        let more = |n: u32| Some(n.saturating_add(1));
        let _ = self.in_flight.try_update(Relaxed, Relaxed, more);
        let add = |count: &AtomicU64, n: u64| count.fetch_add(n, Release).wrapping_add(n);
        Ticket {
            input: add(&self.input, need.input),
            output: add(&self.output, need.output),
            requests: add(&self.requests, 1),
        }
    }

    pub(crate) fn now(&self) -> Ticket {
        Ticket {
            requests: self.requests.load(Acquire),
            input: self.input.load(Acquire),
            output: self.output.load(Acquire),
        }
    }

    /// One of them is over.
    pub(crate) fn leave(&self) {
        let less = |n: u32| Some(n.saturating_sub(1));
        let _ = self.in_flight.try_update(Relaxed, Relaxed, less);
    }

    pub(crate) fn in_flight(&self) -> u32 {
        self.in_flight.load(Relaxed)
    }

    /// Requests, ever.
    pub(crate) fn requests(&self) -> u64 {
        self.requests.load(Acquire)
    }
}

// === impl Ticket ===

impl Ticket {
    /// By unit.
    pub(super) fn units(self) -> [u64; UNITS] {
        let tokens = self.input.wrapping_add(self.output);
        [self.requests, tokens, self.input, self.output]
    }
}
