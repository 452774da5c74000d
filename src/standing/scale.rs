//! Which bucket of a histogram does a value belong to, and what is typical of it?

/// Buckets of a histogram.
pub(super) const BUCKETS: usize = 144;

/// Values of 20 bits, in units of the [`Scale`].
const LARGEST: u64 = (1 << 20) - 1;
/// Buckets to a power of two: 2³.
const FINE: u32 = 3;
const EACH: u64 = 1 << FINE;

/// A log-linear scale, as HdrHistogram has it (Gil Tene, <https://hdrhistogram.github.io/HdrHistogram/>): one bucket
/// for each of the eight smallest values, then eight equal ones from each power of two to the next.
///
/// The wider ones are an eighth of their lower bound, so that what is told of a value is never further from it than
/// 1/17 = 5.9 %, or half a unit. Values over 2²⁰ units count as that.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    /// A unit is 2 to the power of this.
    pub(super) unit: u32,
}

// === impl Scale ===

impl Scale {
    /// The bucket of a value.
    pub(super) fn bucket(self, value: u64) -> u8 {
        let units = (value >> self.unit).min(LARGEST);
        if units < EACH {
            return units as u8;
        }
        let octave = units.ilog2() - FINE;
        // The leading bit of what is shifted adds the first eight.
        (u64::from(octave) * EACH + (units >> octave)) as u8
    }

    /// What a bucket stands for: of the narrow ones the middle, of the others where both of their bounds are as far
    /// away, as shares of them.
    pub(super) fn value(self, bucket: u8) -> u64 {
        let bucket = u64::from(bucket);
        let Some(above) = bucket.checked_sub(EACH) else {
            return ((2 * bucket + 1) << self.unit) / 2;
        };
        let octave = above / EACH;
        let least = (EACH + above % EACH) << octave;
        let [low, high] = [least, least + (1 << octave)].map(|units| units << self.unit);
        2 * low * high / (low + high)
    }
}
