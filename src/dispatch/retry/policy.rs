//! Should the same candidate be asked again?

use std::time::Duration;

use super::backoff::Backoff;
use crate::disposition::Again;
use crate::error::Error;

/// Should the same candidate be asked again, and when? [`should_retry`] answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShouldRetry {
    /// No.
    No,
    /// Yes, after this long.
    After(Duration),
}

/// What [`should_retry`] depends on besides the error.
#[derive(Clone, Copy, Debug)]
pub struct Situation {
    /// May it be asked again after this error?
    pub again: Again,
    /// How long it took to fail.
    pub took: Duration,
    /// How long it may have taken.
    pub fast: Duration,
    /// Retries of this candidate so far.
    pub retries: u32,
    /// The most retries a candidate gets.
    pub max_retries: u32,
    /// Tries left in the attempt budget of the request.
    pub tries: u32,
    /// Candidates that will be asked if this one is not asked again, or are being asked beside it.
    pub others: usize,
    /// Time left for the request, if it is bounded.
    pub time: Option<Duration>,
    /// May the same candidate be asked with another key?
    pub another_key: bool,
    /// What draws the jitter.
    pub seed: u64,
}

/// Should the same candidate be asked again? See the [module docs](super).
///
/// ```
/// use switchtower::dispatch::retry::{Backoff, ShouldRetry, Situation, should_retry};
/// use switchtower::{Again, Error, Kind};
/// use std::time::Duration;
///
/// let last = Situation {
///     again: Again::Last, took: Duration::from_millis(90), fast: Duration::from_secs(5),
///     retries: 0, max_retries: 2, tries: 5, others: 0, time: None, another_key: false, seed: 1,
/// };
/// let busy = Error::new(Kind::Overloaded, "acme is busy");
/// let may = should_retry(&busy, &last, &Backoff::default());
/// assert!(matches!(may, ShouldRetry::After(_)));
///
/// // As long as somebody else may be asked, the same one is not.
/// let first = Situation { others: 1, ..last };
/// assert_eq!(should_retry(&busy, &first, &Backoff::default()), ShouldRetry::No);
/// ```
pub fn should_retry(error: &Error, situation: &Situation, backoff: &Backoff) -> ShouldRetry {
    // That its key was refused says nothing of the candidate, and it need not be waited for.
    if situation.another_key && situation.tries > 0 {
        return ShouldRetry::After(Duration::ZERO);
    }
    let may = match situation.again {
        Again::Never => false,
        Again::Last => situation.others == 0,
        Again::First => true,
    };
    let slow = situation.took > situation.fast || situation.fast.is_zero();
    if !may || slow || situation.retries >= situation.max_retries || situation.tries == 0 {
        return ShouldRetry::No;
    }
    let wait = match error.retry_after() {
        Some(after) if after > backoff.max => return ShouldRetry::No,
        // All who were told the same second would come back in the same millisecond.
        Some(after) => after.saturating_add(backoff.wait(0, situation.seed)),
        None => backoff.wait(situation.retries, situation.seed),
    };
    match situation.time {
        Some(time) if wait >= time => ShouldRetry::No,
        _ => ShouldRetry::After(wait),
    }
}
