//! What has been worked out, until something changes it.

use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use crate::sync::AtomicU64;

/// Four small numbers worked out from many words, kept in one.
///
/// ```text
/// 63                  40 39     32 31                  0
/// ├─ tick + 1, or zero ─┼─ turn ──┼─ 8 │ 8 │ 8 │ 8 ─────┤
/// ```
///
/// They hold within one tick, and until the next [`forget`](Self::forget). So they are always what working them out
/// again would give, and are worked out no more often than something is learned.
#[derive(Debug)]
pub(super) struct Figures(AtomicU64);

const LAST_TICK: u32 = (1 << 24) - 2;

// === impl Figures ===

impl Figures {
    pub(super) fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// What they are worked out from has changed.
    pub(super) fn forget(&self) {
        // Whoever is working them out just now meets another turn, and drops what it has.
        let next = |word: u64| Some((((word >> 32) + 1) & 0xff) << 32);
        let _ = self.0.try_update(Release, Relaxed, next);
    }

    /// The figures of this tick.
    pub(super) fn get(&self, tick: u32, work_out: impl FnOnce() -> [u8; 4]) -> [u8; 4] {
        let stamp = u64::from(tick.min(LAST_TICK)) + 1;
        // What was forgotten before is seen with all that was changed before.
        let word = self.0.load(Acquire);
        if word >> 40 == stamp {
            return (word as u32).to_le_bytes();
        }
        let figures = work_out();
        let turn = (word >> 32) & 0xff;
        let new = (stamp << 40) | (turn << 32) | u64::from(u32::from_le_bytes(figures));
        let _ = self.0.compare_exchange(word, new, Relaxed, Relaxed);
        figures
    }
}
