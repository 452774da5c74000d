//! The only place that reads a clock. Decisions take `now`; services, futures and bodies ask here.

use std::time::{Duration, Instant, SystemTime};

/// For ever, as far as clocks can show it: more would overflow some of them.
pub(crate) const CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// The present moment, on Tokio's clock, which tests pause.
pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// So much later; what no clock can show is a century.
pub(crate) fn later(at: Instant, by: Duration) -> Instant {
    at + by.min(CENTURY)
}

/// The wall clock, for records, for prices that depend on the hour, and for limits that are renewed at midnight: nothing else is
/// decided by it.
#[expect(
    clippy::disallowed_methods,
    reason = "records carry a date, prices an hour, limits a day"
)]
pub(crate) fn wall() -> SystemTime {
    SystemTime::now()
}
