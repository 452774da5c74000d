//! The wall clock, where a test wants it.

use std::time::SystemTime;

use crate::clock;

/// The wall clock of this process, which stands still, and is set by hand, until this is dropped.
///
/// All that this crate does in the process goes by it: dates of records, prices that depend on the hour, keys that expire, limits
/// that begin anew at midnight. Tokio's clock, which measures how long something takes, is another one, and goes on. A test
/// that sets it wants a process of its own, or tests beside it that no date matters to.
///
/// ```
/// use std::time::{Duration, UNIX_EPOCH};
/// use switchtower::testing::WallClock;
///
/// // The last second of a February.
/// let clock = WallClock::stop(UNIX_EPOCH + Duration::from_secs(1_835_481_599));
/// clock.set(clock.time() + Duration::from_secs(1));
/// assert_eq!(clock.time(), UNIX_EPOCH + Duration::from_secs(1_835_481_600));
/// ```
#[derive(Debug)]
pub struct WallClock(());

// === impl WallClock ===

impl WallClock {
    /// Stops it at this time, to the microsecond.
    ///
    /// # Panics
    ///
    /// If it is stopped already.
    #[must_use]
    pub fn stop(at: SystemTime) -> Self {
        let before = clock::stop(Some(at));
        assert!(before.is_none(), "another test has stopped the wall clock");
        Self(())
    }

    /// From now on it is this time.
    pub fn set(&self, at: SystemTime) {
        clock::stop(Some(at));
    }

    /// The time that it shows.
    #[must_use]
    pub fn time(&self) -> SystemTime {
        clock::wall()
    }
}

impl Drop for WallClock {
    fn drop(&mut self) {
        clock::stop(None);
    }
}
