//! The only place that reads a clock. Decisions take `now`; services, futures and bodies ask here.

#[cfg(feature = "testing")]
use std::sync::atomic::{AtomicU64, Ordering};
#[cfg(feature = "testing")]
use std::time::UNIX_EPOCH;
use std::time::{Duration, Instant, SystemTime};

/// For ever, as far as clocks can show it: more would overflow some of them.
pub(crate) const CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// The wall clock, where a test has stopped it: microseconds since 1970. Zero: it goes.
#[cfg(feature = "testing")]
static STOPPED: AtomicU64 = AtomicU64::new(0);

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
    #[cfg(feature = "testing")]
    if let Some(stopped) = stopped() {
        return stopped;
    }
    SystemTime::now()
}

/// Where the wall clock stands, if it does.
#[cfg(feature = "testing")]
pub(crate) fn stopped() -> Option<SystemTime> {
    match STOPPED.load(Ordering::Relaxed) {
        0 => None,
        micros => Some(UNIX_EPOCH + Duration::from_micros(micros)),
    }
}

/// Stops the wall clock at this time, or lets it go; tells where it stood.
#[cfg(feature = "testing")]
pub(crate) fn stop(at: Option<SystemTime>) -> Option<SystemTime> {
    let micros = at.map_or(0, |at| {
        let age = at.duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(age.as_micros()).unwrap_or(u64::MAX).max(1)
    });
    let before = STOPPED.swap(micros, Ordering::Relaxed);
    (before > 0).then(|| UNIX_EPOCH + Duration::from_micros(before))
}
