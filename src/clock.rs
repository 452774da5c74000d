//! The only place that reads a clock. Decisions take `now`; services, futures and bodies ask here.

use std::time::{Instant, SystemTime};

/// The present moment, on Tokio's clock, which tests pause.
pub(crate) fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// The wall clock, for records only: nothing is ever decided by it.
#[expect(clippy::disallowed_methods, reason = "records carry a date")]
pub(crate) fn wall() -> SystemTime {
    SystemTime::now()
}
