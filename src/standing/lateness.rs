//! Is a first token late, or slow?

use std::time::{Duration, Instant};

use super::endpoint::Standing;
use super::percentile::Percentile;

// === impl Standing ===

impl Standing {
    /// An attempt was given up for a quicker one after so long without a first token. If that is longer than nine in ten of
    /// its answers took, it counts as one that took an eighth more, the next step of the scale: were it not counted, or as one
    /// that took no more, what is late would be sooner and sooner, or never later again. Else it tells nothing.
    pub fn overtaken(&self, now: Instant, waited: Duration) {
        let is_late = |usual| waited > usual;
        if self.first_token(Percentile::P90, now).is_some_and(is_late)
            && let Some(first_token) = self.learned.first_token.get()
        {
            let took = waited.saturating_add(waited / 8);
            let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
            first_token.sample(self.second(now) / 60, micros);
        }
    }

    /// After which time is its first content token late? What nineteen in twenty of its answers of the last five minutes
    /// did not exceed; none of fewer than twenty.
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    /// use switchtower::standing::Standing;
    ///
    /// let now = Instant::now();
    /// let standing = Standing::new(now);
    /// let answer = |millis| standing.succeeded(now, Some(Duration::from_millis(millis)), None);
    /// (1..=19).for_each(|_| answer(100));
    /// assert_eq!(standing.late_after(now), None);
    /// answer(9000);
    /// assert!((94..=106).contains(&standing.late_after(now).unwrap().as_millis()));
    /// ```
    pub fn late_after(&self, now: Instant) -> Option<Duration> {
        let histogram = self.learned.first_token.get()?;
        let micros = histogram.of_many(95, 20, self.second(now) / 60);
        micros.map(Duration::from_micros)
    }

    /// How long does its first content token usually take? What half of its answers of the last five minutes did not exceed;
    /// none of fewer than twenty.
    pub fn usually_after(&self, now: Instant) -> Option<Duration> {
        let histogram = self.learned.first_token.get()?;
        let micros = histogram.of_many(50, 20, self.second(now) / 60);
        micros.map(Duration::from_micros)
    }
}
