//! How the samples of five minutes are spread.

use super::figures::Figures;
use super::percentile::Percentile;
use super::scale::{BUCKETS, Scale};
use super::slot::{Slot, lap_of, laps};

/// Samples of the last five minutes, counted in buckets: OpenRouter's window for its percentiles.
///
/// Five slices of a minute, this one included, of 144 buckets of 20 bits: 2.9 KB. A value is told within 5.9 % or
/// half a unit. Percentiles are by nearest rank, and kept until the next sample or the next minute.
#[derive(Debug)]
pub(super) struct Histogram {
    /// Two buckets to a slot.
    slices: [[Slot; BUCKETS / 2]; MINUTES],
    figures: Figures,
    scale: Scale,
    better: Better,
}

/// Which end of the scale is the better one?
#[derive(Clone, Copy, Debug)]
pub(super) enum Better {
    /// The lower: a latency.
    Lower,
    /// The higher: a speed.
    Higher,
}

const MINUTES: usize = 5;
/// Where there is no sample.
const NONE: u8 = u8::MAX;

// === impl Histogram ===

impl Histogram {
    /// An empty one, with a unit of 2 to the power of `unit`.
    pub(super) fn new(unit: u32, better: Better) -> Self {
        Self {
            slices: std::array::from_fn(|_| std::array::from_fn(|_| Slot::new())),
            figures: Figures::new(),
            scale: Scale { unit },
            better,
        }
    }

    /// Takes in a sample of this minute.
    pub(super) fn sample(&self, minute: u32, value: u64) {
        let bucket = self.scale.bucket(value);
        let (lap, place) = lap_of(MINUTES, minute);
        self.slices[place][usize::from(bucket / 2)].count(lap, bucket & 1 == 0);
        self.figures.forget();
    }

    /// The value than which this share of the samples is not worse; none without a sample.
    pub(super) fn get(&self, percentile: Percentile, minute: u32) -> Option<u64> {
        let figures = self.figures.get(minute, || self.work_out(minute));
        let bucket = figures[percentile as usize];
        (bucket != NONE).then(|| self.scale.value(bucket))
    }

    /// The value than which so many percent of the samples are not worse; none of fewer than `least`. Not kept.
    pub(super) fn of_many(&self, percent: u64, least: u64, minute: u32) -> Option<u64> {
        let counts = self.counts(minute);
        let total: u64 = counts.iter().sum();
        let mut left = (total * percent).div_ceil(100).max(1);
        let mut reached = counts.iter().map(|count| {
            left = left.saturating_sub(*count);
            left == 0
        });
        let at = reached.position(|reached| reached)?;
        let bucket = match self.better {
            Better::Lower => at,
            Better::Higher => BUCKETS - 1 - at,
        };
        (total >= least).then(|| self.scale.value(bucket as u8))
    }

    /// The bucket of each percentile.
    fn work_out(&self, minute: u32) -> [u8; 4] {
        let counts = self.counts(minute);
        let total = counts.iter().sum();
        Percentile::ALL.map(|percentile| {
            let mut left = percentile.rank(total);
            let reached = |count: &u64| {
                left = left.saturating_sub(*count);
                left == 0
            };
            match counts.iter().position(reached) {
                None => NONE,
                Some(_) if total == 0 => NONE,
                Some(at) => match self.better {
                    Better::Lower => at as u8,
                    Better::Higher => (BUCKETS - 1 - at) as u8,
                },
            }
        })
    }

    /// How many samples are in each bucket, the best first.
    fn counts(&self, minute: u32) -> [u64; BUCKETS] {
        let mut counts = [0; BUCKETS];
        for (slice, lap) in self.slices.iter().zip(laps(MINUTES, minute)) {
            let Some(lap) = lap else { continue };
            for (pair, slot) in counts.chunks_exact_mut(2).zip(slice) {
                let [even, odd] = slot.read(lap);
                pair[0] += u64::from(even);
                pair[1] += u64::from(odd);
            }
        }
        if let Better::Higher = self.better {
            counts.reverse();
        }
        counts
    }
}
