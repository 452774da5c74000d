//! A moving average in one atomic word.

use std::sync::atomic::Ordering::Relaxed;

use crate::sync::AtomicU32;

/// An exponentially weighted moving average of whole numbers: each sample moves it by a fifth of the
/// distance, so that about ten samples make it forget. A [`Standing`](super::Standing) has two.
#[derive(Debug, Default)]
pub struct Average(AtomicU32);

/// The share of a new sample: 1/5.
const SHARE: i64 = 5;

// === impl Average ===

impl Average {
    /// Takes a sample in. Zero counts as one, since zero means that there is none yet.
    pub fn sample(&self, value: u32) {
        let value = value.max(1);
        let _ = self.0.try_update(Relaxed, Relaxed, |old| {
            if old == 0 {
                return Some(value);
            }
            let moved = i64::from(old) + (i64::from(value) - i64::from(old)) / SHARE;
            Some(u32::try_from(moved.max(1)).unwrap_or(u32::MAX))
        });
    }

    /// The average; none before the first sample.
    pub fn get(&self) -> Option<u32> {
        match self.0.load(Relaxed) {
            0 => None,
            value => Some(value),
        }
    }
}
