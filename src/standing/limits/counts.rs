//! What has been begun, ever.

use std::sync::atomic::Ordering::{Acquire, Release};

use super::need::{Need, UNITS};
use crate::sync::AtomicU64;

/// Requests and tokens that have been asked for since the process began. They only grow; at 2⁶⁴ tokens they would begin anew.
#[derive(Debug)]
pub(crate) struct Counts {
    requests: AtomicU64,
    input: AtomicU64,
    output: AtomicU64,
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
        }
    }

    /// One more attempt.
    pub(crate) fn add(&self, need: Need) -> Ticket {
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
