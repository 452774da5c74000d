//! When was it last?

use std::sync::atomic::Ordering::Relaxed;

use crate::sync::AtomicU32;

/// The last second in which something went wrong: where it is long ago, nothing need be counted to know that all is well.
#[derive(Debug)]
pub(super) struct Latest(AtomicU32);

// === impl Latest ===

impl Latest {
    pub(super) fn new() -> Self {
        Self(AtomicU32::new(0))
    }

    /// Something went wrong in this second.
    pub(super) fn note(&self, second: u32) {
        // Zero is never.
        self.0.fetch_max(second.saturating_add(1), Relaxed);
    }

    /// Whether anything may have gone wrong in this second or the `seconds - 1` before it.
    /// Where nothing ever has, nobody asks which second it is.
    pub(super) fn is_within(&self, seconds: u32, second: impl FnOnce() -> u32) -> bool {
        match self.0.load(Relaxed) {
            0 => false,
            after => second() < seconds.saturating_add(after - 1),
        }
    }
}
