//! By what are endpoints ordered?

use super::super::filter::Filters;
use super::super::models::Wanted;
use crate::catalog::{Endpoint, Strategy};
use crate::plan::Reason;
use crate::wire::{Field, Sort, Tier};

/// By what are the endpoints of a model ordered? The first that applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::choose) enum Mode {
    /// By `provider.order`, the others by price.
    Ordered,
    /// By `provider.sort`, a variant or a tier.
    Sorted(Sort),
    /// By the quality of their calls of tools, and within that by price, drawn: what a request with tools gets unasked.
    Tools,
    /// As the operator has it.
    Strategy(Strategy),
}

/// Between the good and the poor, which have ranks around it.
const MIDDLE: u64 = 1 << 32;

/// Behind those of unknown quality.
pub(super) const POOR: u64 = 2 * MIDDLE;

// === impl Mode ===

impl Mode {
    pub(super) fn of(filters: &Filters<'_>, wanted: &Wanted<'_>, endpoint: &Endpoint) -> Self {
        let (wish, needs) = (filters.preferences, &filters.needs);
        if !wish.order.is_empty() {
            return Self::Ordered;
        }
        let by_tier = match (needs.tier, endpoint.tier()) {
            (Some(Tier::Priority), _) => Some(Sort::Throughput),
            // Where there are none, everything is as if nobody had asked for them.
            (Some(Tier::Flex), Some(Tier::Flex)) => Some(Sort::Price),
            _ => None,
        };
        if let Some(sort) = wish.sort.or(wanted.effects.sort()).or(by_tier) {
            return Self::Sorted(sort);
        }
        match wanted.model.strategy() {
            Strategy::Balanced if needs.parameters.contains(Field::Tools) => Self::Tools,
            strategy => Self::Strategy(strategy),
        }
    }

    /// Does the quality of calls of tools count?
    pub(super) fn is_by_quality(self) -> bool {
        matches!(self, Self::Tools | Self::Sorted(Sort::Exacto))
    }

    /// The rank of what still has to be measured: after all that is known, except that what is known to be poor comes
    /// later still.
    pub(super) fn unmeasured(self) -> u64 {
        match self.is_by_quality() {
            true => MIDDLE,
            false => u64::MAX,
        }
    }

    /// What is said of an endpoint that stands where its rank puts it.
    pub(super) fn reason(self) -> Reason {
        match self {
            Self::Ordered | Self::Sorted(Sort::Price) => Reason::Price,
            Self::Sorted(Sort::Throughput) => Reason::Throughput,
            Self::Sorted(Sort::Latency) => Reason::Latency,
            Self::Sorted(Sort::Exacto) | Self::Tools => Reason::Quality,
            // Those that are drawn are told apart once the draw is done.
            Self::Strategy(Strategy::Balanced | Strategy::PowerOfTwo) => Reason::Price,
            Self::Strategy(Strategy::Weighted) => Reason::Weighted,
            Self::Strategy(Strategy::Listed) => Reason::Listed,
            Self::Strategy(Strategy::LeastInFlight) => Reason::LeastInFlight,
            Self::Strategy(Strategy::ExpectedCost) => Reason::ExpectedCost,
        }
    }
}
