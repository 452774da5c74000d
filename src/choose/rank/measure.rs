//! What is an endpoint's figure, by the measure of its mode?

use std::time::Instant;

use super::super::ask::Ask;
use super::super::cost::expected_cost;
use super::super::entry::Entry;
use super::super::filter::Needs;
use super::mode::{Mode, POOR};
use super::quality::{Baseline, Quality, faults};
use super::strategy::{least_in_flight, weighted};
use crate::catalog::{Prices, Strategy};
use crate::standing::Percentile;
use crate::wire::Sort;

/// The measure of the endpoints of one model.
pub(super) struct Measure<'a> {
    needs: &'a Needs,
    now: Instant,
    baseline: Baseline,
}

// === impl Measure ===

impl<'a> Measure<'a> {
    pub(super) fn of(entries: &[Entry<'_>], ask: &Ask<'_>, needs: &'a Needs) -> Self {
        let endpoints = entries.iter().map(|e| (&*e.endpoint, &*e.standing));
        let baseline = match entries.iter().any(|entry| entry.mode.is_by_quality()) {
            true => Baseline::of(endpoints, ask.now),
            false => Baseline::default(),
        };
        Self {
            needs,
            now: ask.now,
            baseline,
        }
    }

    /// The lower, the sooner it is asked; none where it still has to be measured.
    pub(super) fn rank(
        &mut self,
        entry: &Entry<'_>,
        prices: &Prices,
        cached: bool,
        random: &mut fastrand::Rng,
    ) -> Option<u64> {
        let (endpoint, standing, now) = (&*entry.endpoint, &*entry.standing, self.now);
        match entry.mode {
            // Only by price.
            Mode::Ordered
            | Mode::Sorted(Sort::Price)
            | Mode::Strategy(Strategy::Balanced | Strategy::PowerOfTwo) => Some(0),
            Mode::Sorted(Sort::Throughput) => {
                let throughput = standing.throughput(Percentile::P50, now)?;
                Some(u64::from(u32::MAX - throughput))
            }
            Mode::Sorted(Sort::Latency) => {
                let latency = standing.first_token(Percentile::P50, now)?;
                u64::try_from(latency.as_micros()).ok()
            }
            Mode::Sorted(Sort::Exacto) | Mode::Tools => {
                let class = match self.baseline.judge(endpoint, standing, now)? {
                    Quality::Good => 0,
                    Quality::Poor => POOR,
                };
                // Unasked, those of a class are balanced; who asks for the best gets them one by one.
                Some(match entry.mode {
                    Mode::Tools => class,
                    _ => class + faults(standing, now),
                })
            }
            Mode::Strategy(Strategy::Listed) => Some(u64::from(entry.place.at)),
            Mode::Strategy(Strategy::Weighted) => Some(weighted(endpoint.weight(), random)),
            Mode::Strategy(Strategy::LeastInFlight) => Some(least_in_flight(standing, random)),
            Mode::Strategy(Strategy::ExpectedCost) => {
                Some(expected_cost(prices, self.needs, cached))
            }
        }
    }
}
