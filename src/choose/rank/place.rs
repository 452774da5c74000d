//! Where does an endpoint stand?

use std::time::Instant;

use super::super::entry::UNKNOWN;
use crate::plan::Reason;
use crate::standing::{Health, Need, Standing};

/// What decides the order, from the strongest to the weakest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::choose) struct Place {
    /// Against the thresholds of the caller.
    pub(in crate::choose) late: Late,
    /// The model's place, unless all models are one.
    pub(in crate::choose) model: u32,
    /// Not of the operator's own account.
    pub(in crate::choose) shared: bool,
    /// Its place in `provider.order`, or behind all of that its tier's.
    pub(in crate::choose) band: u32,
    /// It has not answered this conversation.
    pub(in crate::choose) cold: bool,
    pub(in crate::choose) doing: Doing,
    /// By the mode's own measure.
    pub(in crate::choose) rank: u64,
    pub(in crate::choose) price: u64,
    /// In the catalogue, so that no two places are the same.
    pub(in crate::choose) at: u32,
}

/// Does it meet the caller's thresholds?
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::choose) enum Late {
    Meets,
    Unmeasured,
    Misses,
}

/// How has it been doing of late?
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::choose) enum Doing {
    Well,
    Degraded,
    Down,
    Unsteady,
    /// It would have to refuse this request.
    Short,
}

/// The band of whoever is in none.
pub(in crate::choose) const NO_BAND: u32 = u32::MAX;

// === impl Place ===

impl Place {
    /// Of an endpoint that nobody has looked at yet.
    pub(in crate::choose) fn unknown(model: u32, at: u32) -> Self {
        Self {
            late: Late::Meets,
            model,
            shared: true,
            band: NO_BAND,
            cold: true,
            doing: Doing::Well,
            rank: 0,
            price: UNKNOWN,
            at,
        }
    }

    /// Do both compete for the same place, so that one is drawn?
    pub(super) fn competes_with(&self, other: &Self) -> bool {
        let group = |place: &Self| (place.late, place.model, place.shared, place.band);
        group(self) == group(other)
    }

    /// Why it is there, if not by the mode's own measure.
    pub(super) fn reason(&self, ordered: bool) -> Option<Reason> {
        match self {
            Self { shared: false, .. } => Some(Reason::OwnKey),
            _ if ordered => Some(Reason::Ordered),
            Self {
                late: Late::Misses, ..
            } => Some(Reason::BelowThreshold),
            Self { cold: false, .. } => Some(Reason::Sticky),
            Self {
                doing: Doing::Short,
                ..
            } => Some(Reason::Short),
            Self {
                doing: Doing::Unsteady,
                ..
            } => Some(Reason::Unsteady),
            Self {
                doing: Doing::Down, ..
            } => Some(Reason::Down),
            Self {
                doing: Doing::Degraded,
                ..
            } => Some(Reason::Degraded),
            Self { band, .. } if *band != NO_BAND => Some(Reason::Tier),
            _ => None,
        }
    }
}

// === impl Doing ===

impl Doing {
    pub(super) fn of(standing: &Standing, need: impl FnOnce() -> Need, now: Instant) -> Self {
        if standing.is_short(need, now) {
            return Self::Short;
        }
        match standing.is_steady(now) {
            false => Self::or_due(Self::Unsteady, standing, now),
            true => match standing.health(now) {
                Health::Normal => Self::Well,
                Health::Degraded => Self::or_due(Self::Degraded, standing, now),
                Health::Down => Self::or_due(Self::Down, standing, now),
            },
        }
    }

    /// Whoever was left alone long enough stands where it would stand if it were well: `gate` lets one request through to find
    /// out, and without one it would never come back.
    fn or_due(self, standing: &Standing, now: Instant) -> Self {
        match standing.circuit().is_due(now) {
            true => Self::Well,
            false => self,
        }
    }
}
