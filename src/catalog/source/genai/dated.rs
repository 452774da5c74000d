//! Prices that begin on a day, or hold at some hours.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::catalog::Hours;
use crate::catalog::source::value::Value;

/// What holds, of what is listed one after another.
#[derive(Debug, Default)]
pub(super) struct InForce<'a> {
    /// The last list that has begun.
    pub(super) base: Option<Value<'a>>,
    /// Those after it that hold at some hours.
    pub(super) windows: Vec<(Hours, Value<'a>)>,
    /// When another begins.
    pub(super) until: Option<SystemTime>,
    /// There was a condition that is not known.
    pub(super) odd: bool,
}

/// When does a list hold?
enum When {
    Always,
    From(SystemTime),
    At(Hours),
    Odd,
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

pub(super) fn in_force(prices: Value<'_>, wall: SystemTime) -> InForce<'_> {
    if !prices.is_array() {
        return InForce {
            base: Some(prices),
            ..InForce::default()
        };
    }
    let mut found = InForce::default();
    for entry in prices.items() {
        let Some(list) = entry.get("prices") else {
            found.odd = true;
            continue;
        };
        match when(entry.get("constraint")) {
            When::Always => found.begin(list),
            When::From(day) if day <= wall => found.begin(list),
            When::From(day) => found.until = earlier(found.until, day),
            When::At(hours) => found.windows.push((hours, list)),
            When::Odd => found.odd = true,
        }
    }
    found
}

/// Has what stands under this condition begun? If not, the second is when it will.
pub(super) fn has_begun(
    constraint: Option<Value<'_>>,
    wall: SystemTime,
) -> (bool, Option<SystemTime>) {
    match when(constraint) {
        When::Always => (true, None),
        When::From(day) => (day <= wall, (day > wall).then_some(day)),
        When::At(_) | When::Odd => (false, None),
    }
}

pub(super) fn earlier(a: Option<SystemTime>, b: SystemTime) -> Option<SystemTime> {
    Some(a.map_or(b, |a| a.min(b)))
}

fn when(constraint: Option<Value<'_>>) -> When {
    let Some(constraint) = constraint.filter(|constraint| !constraint.is_null()) else {
        return When::Always;
    };
    let text = |key| constraint.get(key).and_then(Value::text);
    let found = match (text("start_date"), text("start_time"), text("end_time")) {
        (Some(date), None, None) => day(&date).map(When::From),
        (None, Some(start), Some(end)) => hours(&start, &end).map(When::At),
        _ => None,
    };
    found.unwrap_or(When::Odd)
}

/// Midnight UTC of `2026-12-31`.
fn day(date: &str) -> Option<SystemTime> {
    let digits = |part: &str| {
        part.parse::<u64>()
            .ok()
            .filter(|_| part.bytes().all(|b| b.is_ascii_digit()))
    };
    let mut parts = date.split('-').map(digits);
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    let sound = parts.next().is_none()
        && (1970..10_000).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day);
    // Days from civil, by Howard Hinnant: https://howardhinnant.github.io/date_algorithms.html#days_from_civil
    let days = |year: u64| {
        let year = if month <= 2 { year - 1 } else { year };
        let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
        let day_of_era = year % 400 * 365 + year % 400 / 4 - year % 400 / 100 + day_of_year;
        u32::try_from(year / 400 * 146_097 + day_of_era - 719_468).ok()
    };
    sound
        .then(|| days(year))
        .flatten()
        .map(|days| UNIX_EPOCH + DAY * days)
}

/// `00:30:00Z`, of which the seconds are nought.
fn hours(start: &str, end: &str) -> Option<Hours> {
    let minutes = |time: &str| Some(time.strip_suffix("Z")?.strip_suffix(":00")?.to_owned());
    format!("{}-{}", minutes(start)?, minutes(end)?)
        .parse()
        .ok()
}

// === impl InForce ===

impl<'a> InForce<'a> {
    /// Whatever stood before holds no more.
    fn begin(&mut self, list: Value<'a>) {
        self.base = Some(list);
        self.windows.clear();
    }
}
