//! What is under way.

use std::sync::atomic::Ordering::Relaxed;

use crate::sync::{AtomicU32, AtomicU64};

/// Attempts that have begun and not ended, and the tokens that they are expected to move.
#[derive(Debug)]
pub(super) struct Load {
    in_flight: AtomicU32,
    tokens: AtomicU64,
}

// === impl Load ===

impl Load {
    pub(super) fn new() -> Self {
        Self {
            in_flight: AtomicU32::new(0),
            tokens: AtomicU64::new(0),
        }
    }

    pub(super) fn add(&self, tokens: u64) {
        let more = |n: u32| Some(n.saturating_add(1));
        let _ = self.in_flight.try_update(Relaxed, Relaxed, more);
        let more = |n: u64| Some(n.saturating_add(tokens));
        let _ = self.tokens.try_update(Relaxed, Relaxed, more);
    }

    pub(super) fn take(&self, tokens: u64) {
        let less = |n: u32| Some(n.saturating_sub(1));
        let _ = self.in_flight.try_update(Relaxed, Relaxed, less);
        let less = |n: u64| Some(n.saturating_sub(tokens));
        let _ = self.tokens.try_update(Relaxed, Relaxed, less);
    }

    pub(super) fn in_flight(&self) -> u32 {
        self.in_flight.load(Relaxed)
    }

    pub(super) fn tokens(&self) -> u64 {
        self.tokens.load(Relaxed)
    }
}
