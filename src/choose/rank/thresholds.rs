//! Is it as fast as the caller wishes?

use std::time::Instant;

use super::place::Late;
use crate::standing::{Percentile, Standing};
use crate::wire::{Preferences, Thresholds};

pub(super) fn late(wish: &Preferences, standing: &Standing, now: Instant) -> Late {
    let throughput = each(&wish.preferred_min_throughput, |percentile, least| {
        // Nobody is slower than that.
        if least == 0 {
            return Late::Meets;
        }
        let measured = standing.throughput(percentile, now).map(u64::from);
        verdict(measured.map(|measured| measured >= least))
    });
    let latency = each(&wish.preferred_max_latency, |percentile, most| {
        let measured = standing.first_token(percentile, now);
        verdict(measured.map(|measured| measured.as_micros() <= u128::from(most)))
    });
    throughput.max(latency)
}

/// What nobody has measured may be fast, but nothing shows it.
fn verdict(meets: Option<bool>) -> Late {
    match meets {
        Some(true) => Late::Meets,
        None => Late::Unmeasured,
        Some(false) => Late::Misses,
    }
}

/// The worst of them.
fn each(thresholds: &Thresholds, verdict: impl Fn(Percentile, u64) -> Late) -> Late {
    if *thresholds == Thresholds::default() {
        return Late::Meets;
    }
    let all = [
        (Percentile::P50, thresholds.p50),
        (Percentile::P75, thresholds.p75),
        (Percentile::P90, thresholds.p90),
        (Percentile::P99, thresholds.p99),
    ];
    let verdicts = all
        .into_iter()
        .filter_map(|(percentile, threshold)| Some(verdict(percentile, threshold?)));
    verdicts.max().unwrap_or(Late::Meets)
}
