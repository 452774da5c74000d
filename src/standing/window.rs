//! Successes and failures of the last while.

use super::slot::{Slot, lap_of, laps};

/// A sliding window over the last `TICKS` ticks of some clock, this one included: seconds, minutes, quarters of an hour.
/// Each tick has a bucket, which is one atomic word. A [`Standing`](super::Standing) has several.
///
/// ```
/// use switchtower::standing::{Tally, Window};
///
/// let window = Window::<30>::default();
/// window.count(7, true);
/// window.count(36, false);
/// assert_eq!(window.tally(36), Tally { succeeded: 1, failed: 1 });
/// assert_eq!(window.tally(37), Tally { succeeded: 0, failed: 1 });
/// ```
#[derive(Debug)]
pub struct Window<const TICKS: usize>([Slot; TICKS]);

/// What a [`Window`] has counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Attempts that succeeded.
    pub succeeded: u32,
    /// Attempts that failed.
    pub failed: u32,
}

// === impl Window ===

impl<const TICKS: usize> Default for Window<TICKS> {
    fn default() -> Self {
        Self(std::array::from_fn(|_| Slot::new()))
    }
}

impl<const TICKS: usize> Window<TICKS> {
    /// Counts one attempt that ended in this tick: up to 2²⁰ − 1 of a kind, and more are as many.
    pub fn count(&self, tick: u32, success: bool) {
        let (lap, place) = lap_of(TICKS, tick);
        self.0[place].count(lap, success);
    }

    /// What the ticks up to and with this one have seen.
    pub fn tally(&self, tick: u32) -> Tally {
        self.tally_since(tick, 0)
    }

    /// Likewise, without the ticks before `since`.
    pub fn tally_since(&self, tick: u32, since: u32) -> Tally {
        let mut sum = Tally::default();
        for (place, (slot, lap)) in self.0.iter().zip(laps(TICKS, tick)).enumerate() {
            let is_new = |lap: &u32| lap * TICKS as u32 + place as u32 >= since;
            let lap = lap.filter(is_new);
            let [succeeded, failed] = lap.map_or([0, 0], |lap| slot.read(lap));
            sum.succeeded += succeeded;
            sum.failed += failed;
        }
        sum
    }
}
