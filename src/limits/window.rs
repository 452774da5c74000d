//! Over which time does a rule count?

use std::num::NonZeroU32;
use std::time::Duration;

use crate::calendar::Period;

/// Over which time does a [`Rule`](super::Rule) count?
///
/// | window | what counts | fits |
/// |---|---|---|
/// | `Forever` | all that ever was | credit, a budget that is not renewed, concurrency |
/// | `Calendar` | what was let in since midnight, Monday or the first, UTC | budgets, as OpenRouter renews them |
/// | `Rolling` | what was let in during the last so much time | "no more than so much in any hour" |
/// | `Bucket` | what has not flowed off yet: at most `burst` at once, then the limit in each `period` | rate limits: nobody waits for a window to be over |
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Window {
    /// For ever.
    Forever,
    /// Since the day, the week or the month began, in UTC.
    Calendar(Period),
    /// For so long. It is counted in sixteenths, and each counts until all of it is as old: never too short, and at most a sixteenth too
    /// long.
    Rolling(Duration),
    /// A bucket, by `governor`. Only for requests and tokens. What is larger than the burst waits until the bucket is
    /// full, and those who come after it wait for the rest.
    Bucket {
        /// In which time as much flows in as the limit says.
        period: Duration,
        /// How much may go at once.
        burst: NonZeroU32,
    },
}

// === impl Window ===

impl Window {
    /// The longest time that a window may have: ten years.
    pub const LONGEST: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);
    /// The shortest.
    pub const SHORTEST: Duration = Duration::from_millis(1);
}
