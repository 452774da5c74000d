/// What must a percentile of an endpoint reach, or not exceed?
///
/// `preferred_min_throughput` in thousandths of a token a second, `preferred_max_latency` in microseconds. A bare number
/// is the median's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Thresholds {
    /// Of the better half.
    pub p50: Option<u64>,
    /// Of three in four.
    pub p75: Option<u64>,
    /// Of nine in ten.
    pub p90: Option<u64>,
    /// Of all but one in a hundred.
    pub p99: Option<u64>,
}
