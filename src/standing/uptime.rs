//! How much of what was asked of an endpoint was answered?

use super::window::{Tally, Window};

/// Over which time? Each ends now, and begins within a bucket of its length before.
///
/// [`Standing::uptime`](super::Standing::uptime) has an example.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Period {
    /// Five minutes, in buckets of ten seconds.
    FiveMinutes,
    /// Thirty minutes, in buckets of a minute.
    HalfHour,
    /// A day, in buckets of a quarter of an hour.
    Day,
}

/// May it be asked like any other?
///
/// OpenRouter's tiers, by the [uptime](super::Standing::uptime) of the last thirty minutes. Under
/// [`Health::REQUESTS`] requests, an endpoint is as good as any.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Health {
    /// Yes: 95 % or more.
    Normal,
    /// After those that are normal: 80 % or more.
    Degraded,
    /// Only when nobody else is left.
    Down,
}

/// The same outcomes, counted in buckets of three lengths.
#[derive(Debug, Default)]
pub(super) struct Uptime {
    five_minutes: Window<30>,
    half_hour: Window<30>,
    day: Window<96>,
}

/// Under so many requests there is no figure: with twenty, one failure moves it by no more than the five points between
/// normal and perfect.
const FEW: u32 = 20;

// === impl Uptime ===

impl Uptime {
    pub(super) fn count(&self, second: u32, success: bool) {
        self.five_minutes.count(second / 10, success);
        self.half_hour.count(second / 60, success);
        self.day.count(second / 900, success);
    }

    pub(super) fn tally(&self, period: Period, second: u32) -> Tally {
        match period {
            Period::FiveMinutes => self.five_minutes.tally(second / 10),
            Period::HalfHour => self.half_hour.tally(second / 60),
            Period::Day => self.day.tally(second / 900),
        }
    }

    /// That of the half hour, without what came before the first whole minute since then.
    pub(super) fn half_hour_since(&self, second: u32, since: u32) -> Tally {
        self.half_hour.tally_since(second / 60, since.div_ceil(60))
    }
}

/// The share that succeeded, in thousandths of a percent, rounded down: 100 % is without a failure.
pub(super) fn share(tally: Tally) -> Option<u32> {
    let total = total(tally);
    (total >= FEW.into()).then(|| (u64::from(tally.succeeded) * 100_000 / total) as u32)
}

fn total(tally: Tally) -> u64 {
    u64::from(tally.succeeded) + u64::from(tally.failed)
}

// === impl Health ===

impl Health {
    /// How many requests it takes to tell.
    pub const REQUESTS: u32 = 100;

    pub(super) fn of(tally: Tally) -> Self {
        let (total, failed) = (total(tally), u64::from(tally.failed));
        match failed * 100 {
            _ if total < Self::REQUESTS.into() => Self::Normal,
            hundredths if hundredths <= 5 * total => Self::Normal,
            hundredths if hundredths <= 20 * total => Self::Degraded,
            _ => Self::Down,
        }
    }
}
