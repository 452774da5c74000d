//! Two counters that are forgotten together, in one atomic word.

use std::cmp::Ordering;
use std::sync::atomic::Ordering::Relaxed;

use crate::sync::AtomicU64;

/// A place in a ring of time: which lap of the ring it was counted in, and two counters.
///
/// ```text
/// 63          40 39          20 19           0
/// ├─ lap ───────┼─ first ──────┼─ second ─────┤
/// ```
///
/// Whoever first counts in a new lap clears it in the same step. Counters stop at their greatest value, and so does
/// the lap: a ring of thirty seconds never forgets any more after 2²⁴ laps, which are sixteen years.
#[derive(Debug)]
pub(super) struct Slot(AtomicU64);

const LAST_LAP: u32 = (1 << 24) - 1;
const MOST: u32 = (1 << 20) - 1;

// === impl Slot ===

impl Slot {
    pub(super) fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// Counts one in this lap: for the first counter or for the second.
    pub(super) fn count(&self, lap: u32, first: bool) {
        let lap = lap.min(LAST_LAP);
        // `try_update` repeats until no other thread came between: no count is lost.
        let _ = self.0.try_update(Relaxed, Relaxed, |word| {
            let (known, mut counts) = split(word);
            match known.cmp(&lap) {
                Ordering::Less => counts = [0, 0],
                Ordering::Equal => {}
                // Whoever comes a whole lap late has nothing to say any more.
                Ordering::Greater => return None,
            }
            let count = &mut counts[usize::from(!first)];
            *count = (*count + 1).min(MOST);
            let [first, second] = counts.map(u64::from);
            Some((u64::from(lap) << 40) | (first << 20) | second)
        });
    }

    /// What has been counted in this lap.
    pub(super) fn read(&self, lap: u32) -> [u32; 2] {
        match split(self.0.load(Relaxed)) {
            (known, counts) if known == lap.min(LAST_LAP) => counts,
            _ => [0, 0],
        }
    }
}

fn split(word: u64) -> (u32, [u32; 2]) {
    let count = |shift| (word >> shift) as u32 & MOST;
    ((word >> 40) as u32, [count(20), count(0)])
}

/// The laps in which the places of a ring of `length` stand in the window that ends with this tick, in their order.
/// A place whose turn has never come has none.
pub(super) fn laps(length: usize, tick: u32) -> impl Iterator<Item = Option<u32>> {
    let (lap, place) = lap_of(length, tick);
    (0..length).map(move |at| match at <= place {
        true => Some(lap),
        false => lap.checked_sub(1),
    })
}

/// The lap of this tick, and its place in a ring of `length`.
pub(super) fn lap_of(length: usize, tick: u32) -> (u32, usize) {
    (tick / length as u32, tick as usize % length)
}
