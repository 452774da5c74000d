//! The last so much time, and what was used in it.

use std::time::Duration;

use super::moment::{At, nanos};

/// What was used, by sixteenths of a window.
///
/// ```text
///            ├──────────── the window ────────────┤
///   ─┬───┬───┬───┬───┬ … ┬───┬───┬───┬───┬───┬───┬─ now
///    │ 0 │ 1 │ 2 │ 3 │   │   │   │   │   │ 15│ 16│
///   ─┴───┴───┴───┴───┴ … ┴───┴───┴───┴───┴───┴───┴─
///      └ counts until all of it is as old as the window
/// ```
#[derive(Debug)]
pub(super) struct Ring {
    used: [u64; PARTS],
    /// The number of the part that is on, since the epoch.
    newest: u64,
    /// Nanoseconds.
    span: u64,
}

/// Sixteen, and the one that is on.
const PARTS: usize = 17;

// === impl Ring ===

impl Ring {
    pub(super) fn new(time: Duration, at: At) -> Self {
        let span = nanos(time).div_ceil(PARTS as u64 - 1).max(1);
        Self {
            used: [0; PARTS],
            newest: at.nanos / span,
            span,
        }
    }

    pub(super) fn advance(&mut self, at: At) {
        let slot = self.slot(at);
        let steps = slot.saturating_sub(self.newest).min(PARTS as u64);
        for step in 0..steps {
            self.used[index(slot - step)] = 0;
        }
        self.newest = self.newest.max(slot);
    }

    pub(super) fn slot(&self, at: At) -> u64 {
        at.nanos / self.span
    }

    pub(super) fn newest(&self) -> u64 {
        self.newest
    }

    pub(super) fn used(&self) -> u64 {
        self.used
            .iter()
            .fold(0, |sum, used| sum.saturating_add(*used))
    }

    /// When does so much not count any more? None if there is not so much.
    pub(super) fn frees(&self, amount: u64) -> Option<u64> {
        let mut left = amount;
        for slot in self.slots() {
            left = left.saturating_sub(self.used[index(slot)]);
            if left == 0 {
                return Some(self.ends(slot));
            }
        }
        None
    }

    /// When does nothing count any more? None if nothing does.
    pub(super) fn over(&self) -> Option<u64> {
        let mut used = self
            .slots()
            .rev()
            .filter(|slot| self.used[index(*slot)] > 0);
        used.next().map(|slot| self.ends(slot))
    }

    /// From the oldest.
    fn slots(&self) -> impl DoubleEndedIterator<Item = u64> + use<> {
        self.newest.saturating_sub(PARTS as u64 - 1)..=self.newest
    }

    /// When it does not count any more.
    fn ends(&self, slot: u64) -> u64 {
        slot.saturating_add(PARTS as u64).saturating_mul(self.span)
    }

    /// What was used in that part; none if it does not count any more.
    pub(super) fn part(&mut self, slot: u64) -> Option<&mut u64> {
        self.has(slot).then(|| &mut self.used[index(slot)])
    }

    /// Does that part count?
    pub(super) fn has(&self, slot: u64) -> bool {
        self.slots().rev().any(|on| on == slot)
    }
}

fn index(slot: u64) -> usize {
    (slot % PARTS as u64) as usize
}
