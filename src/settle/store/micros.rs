//! Times as stores keep them: microseconds since 1970, UTC.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Microseconds since 1970; zero of a time before, and the last that is known of one too far away.
pub(crate) fn micros_of(at: SystemTime) -> i64 {
    let age = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    age.as_micros().try_into().unwrap_or(i64::MAX)
}

/// The time of so many microseconds since 1970, or 1970.
pub(crate) fn time_of(micros: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_micros(micros.try_into().unwrap_or(0))
}

/// As a store gives it back.
pub(crate) fn to_the_micro(at: SystemTime) -> SystemTime {
    time_of(micros_of(at))
}
