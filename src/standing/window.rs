//! Successes and failures of the last seconds.

use std::cmp::Ordering;
use std::sync::atomic::Ordering::Relaxed;

use crate::sync::AtomicU64;

/// A sliding window of one-second buckets, each one atomic word: the second it belongs to, its
/// successes and its failures. A bucket is cleared by whoever first needs it for a new second.
/// A [`Standing`](super::Standing) has one of thirty seconds.
#[derive(Debug)]
pub struct Window<const SECONDS: usize>([AtomicU64; SECONDS]);

/// What a [`Window`] has counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Attempts that succeeded.
    pub succeeded: u32,
    /// Attempts that failed.
    pub failed: u32,
}

// === impl Window ===

impl<const SECONDS: usize> Default for Window<SECONDS> {
    fn default() -> Self {
        Self(std::array::from_fn(|_| AtomicU64::new(0)))
    }
}

impl<const SECONDS: usize> Window<SECONDS> {
    /// Counts one attempt that ended in this second.
    pub fn count(&self, second: u32, success: bool) {
        // `try_update` repeats until no other thread came between: no count is lost.
        let _ = self.0[second as usize % SECONDS].try_update(Relaxed, Relaxed, |word| {
            let mut tally = match second_of(word).cmp(&second) {
                Ordering::Less => Tally::default(),
                Ordering::Equal => tally_of(word),
                // Whoever comes a whole window late has nothing to say any more.
                Ordering::Greater => return None,
            };
            let slot = if success {
                &mut tally.succeeded
            } else {
                &mut tally.failed
            };
            *slot = (*slot + 1).min(u16::MAX.into());
            Some(word_of(second, tally))
        });
    }

    /// What the seconds up to and with this one have seen.
    pub fn tally(&self, second: u32) -> Tally {
        let mut sum = Tally::default();
        for bucket in &self.0 {
            let word = bucket.load(Relaxed);
            let age = second.wrapping_sub(second_of(word));
            if (age as usize) < SECONDS {
                let tally = tally_of(word);
                sum.succeeded += tally.succeeded;
                sum.failed += tally.failed;
            }
        }
        sum
    }
}

fn second_of(word: u64) -> u32 {
    (word >> 32) as u32
}

fn tally_of(word: u64) -> Tally {
    Tally {
        succeeded: (word as u32) >> 16,
        failed: word as u32 & 0xffff,
    }
}

fn word_of(second: u32, tally: Tally) -> u64 {
    (u64::from(second) << 32) | (u64::from(tally.succeeded) << 16) | u64::from(tally.failed)
}
