/// How many of the requests must do at least as well?
///
/// Of a latency, `P90` is what nine in ten do not exceed; of a throughput, what nine in ten reach: OpenRouter publishes
/// both this way. [`Standing::first_token`](super::Standing::first_token) has an example.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Percentile {
    /// Half of them.
    P50,
    /// Three in four.
    P75,
    /// Nine in ten.
    P90,
    /// Ninety-nine in a hundred.
    P99,
}

// === impl Percentile ===

impl Percentile {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::P50, Self::P75, Self::P90, Self::P99];

    /// How many of so many samples are that share, at least one.
    pub(super) fn rank(self, samples: u64) -> u64 {
        let percent = match self {
            Self::P50 => 50,
            Self::P75 => 75,
            Self::P90 => 90,
            Self::P99 => 99,
        };
        (samples * percent).div_ceil(100)
    }
}
