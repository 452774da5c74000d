//! How well does an endpoint call tools, compared with the others?

use std::time::Instant;

use crate::catalog::Endpoint;
use crate::standing::{Percentile, Standing};

/// How good is an endpoint? The third of OpenRouter's classes, that nobody can tell, stands between these two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quality {
    Good,
    /// Well below the others.
    Poor,
}

/// What counts as well below, among the endpoints of one model.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Baseline {
    throughput: Option<u64>,
    valid: Option<u64>,
    score: Option<u64>,
}

/// Requests of thirty minutes, and answers with calls of tools of two hours, under which nobody can tell.
const REQUESTS: u32 = 100;
const ANSWERS: u32 = 200;
/// A median of fewer says nothing.
const LEAST: usize = 4;
/// More than any model has; those beyond count for no median.
const MOST: usize = 64;
/// Shares are counted in parts of a million.
const WHOLE: u64 = 1_000_000;

// === impl Baseline ===

impl Baseline {
    pub(super) fn of<'a>(
        endpoints: impl Iterator<Item = (&'a Endpoint, &'a Standing)> + Clone,
        now: Instant,
    ) -> Self {
        let each = || endpoints.clone();
        Self {
            throughput: floor(each().filter_map(|(_, s)| throughput(s, now)), 15, 16),
            valid: floor(each().filter_map(|(_, s)| valid(s, now)), 20, 100),
            score: floor(each().filter_map(|(endpoint, _)| score(endpoint)), 20, 100),
        }
    }

    /// None of too few requests to tell.
    pub(super) fn judge(
        &self,
        endpoint: &Endpoint,
        standing: &Standing,
        now: Instant,
    ) -> Option<Quality> {
        let valid = valid(standing, now)?;
        if standing.requests(now) < REQUESTS {
            return None;
        }
        let below = |figure: Option<u64>, floor: Option<u64>| {
            floor.is_some_and(|floor| figure.is_some_and(|figure| figure < floor))
        };
        // Where enough others have a score, to have none is a bad sign.
        let unscored = self.score.is_some() && score(endpoint).is_none();
        let poor = below(throughput(standing, now), self.throughput)
            || below(Some(valid), self.valid)
            || below(score(endpoint), self.score)
            || unscored;
        Some(if poor { Quality::Poor } else { Quality::Good })
    }
}

/// Of a million answers with calls of tools, those whose calls were all valid; none of too few.
fn valid(standing: &Standing, now: Instant) -> Option<u64> {
    let calls = standing.tool_calls(now);
    let good = u64::from(calls.answers.saturating_sub(calls.faulty));
    (calls.answers >= ANSWERS).then(|| good * WHOLE / u64::from(calls.answers))
}

/// The others of that million.
pub(super) fn faults(standing: &Standing, now: Instant) -> u64 {
    valid(standing, now).map_or(0, |valid| WHOLE - valid)
}

fn throughput(standing: &Standing, now: Instant) -> Option<u64> {
    standing.throughput(Percentile::P50, now).map(u64::from)
}

fn score(endpoint: &Endpoint) -> Option<u64> {
    endpoint.score().map(u64::from)
}

/// So many tenths of a standard deviation below the median, where the deviation is told from the median distance
/// to it, since one bad endpoint would move an average. It is a part of the median at least: where all but a few are the same
/// it would be zero, and the least difference, or one that is finer than what is measured, a bad sign. Throughput is measured
/// within a sixteenth.
fn floor(figures: impl Iterator<Item = u64>, tenths: u64, part: u64) -> Option<u64> {
    let mut room = [0; MOST];
    let mut count = 0;
    for (place, figure) in room.iter_mut().zip(figures) {
        *place = figure;
        count += 1;
    }
    if count < LEAST {
        return None;
    }
    let figures = &mut room[..count];
    let middle = median(figures);
    figures
        .iter_mut()
        .for_each(|figure| *figure = figure.abs_diff(middle));
    // 1.4826 of them are a standard deviation, if they are spread as most things are.
    let deviation = (u128::from(median(figures)) * 14_826 / 10_000).max(u128::from(middle / part));
    let below = u64::try_from(deviation * u128::from(tenths) / 10).unwrap_or(u64::MAX);
    Some(middle.saturating_sub(below))
}

/// Of an even number, the mean of the two in the middle.
fn median(figures: &mut [u64]) -> u64 {
    figures.sort_unstable();
    let (low, high) = (figures[(figures.len() - 1) / 2], figures[figures.len() / 2]);
    low.midpoint(high)
}
