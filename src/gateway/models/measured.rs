//! What has been measured of an endpoint, in the units in which it is told.

use std::time::{Duration, Instant};

use serde::Serialize;

use crate::standing::{Health, Percentile, Period, Standing};

/// So many of a hundred requests are at least that good.
#[derive(Debug, Serialize)]
pub(super) struct Stats {
    p50: f64,
    p75: f64,
    p90: f64,
    p99: f64,
}

/// How is it doing? OpenRouter has numbers for that and does not say which is which; so here 0 is normal, and the
/// lower, the later it is asked.
pub(super) fn status(standing: &Standing, now: Instant) -> i8 {
    match standing.health(now) {
        _ if !standing.is_steady(now) => -3,
        Health::Down => -2,
        Health::Degraded => -1,
        Health::Normal => 0,
    }
}

/// In percent.
pub(super) fn uptime(standing: &Standing, period: Period, now: Instant) -> Option<f64> {
    let thousandths = standing.uptime(period, now)?;
    Some(f64::from(thousandths) / 1000.0)
}

// === impl Stats ===

impl Stats {
    /// To the first token, in milliseconds.
    pub(super) fn latency(standing: &Standing, now: Instant) -> Option<Self> {
        let millis = |first: Duration| first.as_micros() as f64 / 1000.0;
        Self::of(|percentile| standing.first_token(percentile, now).map(millis))
    }

    /// In output tokens a second.
    pub(super) fn throughput(standing: &Standing, now: Instant) -> Option<Self> {
        let tokens = |thousandths: u32| f64::from(thousandths) / 1000.0;
        Self::of(|percentile| standing.throughput(percentile, now).map(tokens))
    }

    fn of(measured: impl Fn(Percentile) -> Option<f64>) -> Option<Self> {
        Some(Self {
            p50: measured(Percentile::P50)?,
            p75: measured(Percentile::P75)?,
            p90: measured(Percentile::P90)?,
            p99: measured(Percentile::P99)?,
        })
    }
}
