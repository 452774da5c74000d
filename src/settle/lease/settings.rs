//! How much is leased, and for how long.

use std::num::NonZeroUsize;
use std::time::Duration;

/// How much is leased, and for how long. See the [module docs](super).
///
/// ```
/// use std::time::Duration;
/// use switchtower::settle::lease::LeaseSettings;
///
/// let settings = LeaseSettings::default().term(Duration::from_secs(10)).reserve(0);
/// assert_ne!(settings, LeaseSettings::default());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaseSettings {
    pub(super) term: Duration,
    pub(super) skew: Duration,
    pub(super) reserve: u8,
    pub(super) portion: u8,
    pub(in crate::settle) counters: usize,
    pub(in crate::settle) wait: Duration,
    pub(in crate::settle) pause: Duration,
}

// === impl LeaseSettings ===

impl LeaseSettings {
    /// How long a lease is spent, and for how long it is made to last: 1 s to a day, 30 s unless told. So long a replica
    /// spends its reserves when the database is away.
    #[must_use]
    pub fn term(mut self, term: Duration) -> Self {
        self.term = term.clamp(Duration::from_secs(1), Duration::from_secs(86_400));
        self
    }

    /// How long after its end others take back what is free of it: up to a day, 10 s unless told.
    #[must_use]
    pub fn skew(mut self, skew: Duration) -> Self {
        self.skew = skew.min(Duration::from_secs(86_400));
        self
    }

    /// So many percent of what is free may be spent while the database is away, up to 100; 25 unless told. Zero: nothing
    /// is then, and nothing stays claimed by a replica that is gone but its holds.
    #[must_use]
    pub fn reserve(mut self, percent: u8) -> Self {
        self.reserve = percent.min(100);
        self
    }

    /// At most so many percent of what nobody has leased are asked for in advance, up to 100; 10 unless told.
    #[must_use]
    pub fn portion(mut self, percent: u8) -> Self {
        self.portion = percent.min(100);
        self
    }

    /// Of so many counters something is leased at once, at the most: 100,000 unless told. When there would be more, those that
    /// nobody has used for longest are given back.
    #[must_use]
    pub fn counters(mut self, most: NonZeroUsize) -> Self {
        self.counters = most.get();
        self
    }

    /// How long a claim waits for what others have leased and do not need: 2 s unless told. Zero: it is refused at once.
    #[must_use]
    pub fn wait(mut self, wait: Duration) -> Self {
        self.wait = wait.min(Duration::from_secs(3600));
        self
    }

    /// How often leases are looked at: renewed, given back, and given up to others who wait. 10 ms to 10 s, half a second
    /// unless told.
    #[must_use]
    pub fn pause(mut self, pause: Duration) -> Self {
        self.pause = pause.clamp(Duration::from_millis(10), Duration::from_secs(10));
        self
    }
}

impl Default for LeaseSettings {
    fn default() -> Self {
        Self {
            term: Duration::from_secs(30),
            skew: Duration::from_secs(10),
            reserve: 25,
            portion: 10,
            counters: 100_000,
            wait: Duration::from_secs(2),
            pause: Duration::from_millis(500),
        }
    }
}
